# Comparisons by R that the checked-in answers of the data sets lack, from their data: Rscript compare.R > compare.json
read <- function(set) read.csv(file.path("..", set, "data.csv"))
out <- list()
sets <- list(birthwt = c("bwt", "smoke"), cgd = c("age", "treat"), colon_death = c("age", "sex"),
  lung = c("age", "sex"), pbc = c("bili", "sex"))
for (set in names(sets)) {
  data <- read(set); y <- data[[sets[[set]][1]]]; g <- factor(data[[sets[[set]][2]]])
  keep <- complete.cases(y, g); y <- y[keep]; g <- g[keep]
  f <- var.test(y ~ g); w <- wilcox.test(y ~ g, exact = FALSE, conf.int = TRUE)
  plain <- wilcox.test(y ~ g, exact = FALSE, correct = FALSE); one <- t.test(y)
  k <- kruskal.test(y ~ g)
  out[[set]] <- list(outcome = sets[[set]][1], by = sets[[set]][2],
    variance = c(f$statistic, f$p.value, f$conf.int, f$parameter),
    wilcoxon = c(w$statistic, w$p.value, plain$p.value), shift = c(w$conf.int),
    one_sample = c(one$statistic, one$parameter, one$p.value, one$conf.int, one$estimate),
    kruskal = c(k$statistic, k$p.value))
}
# Small samples of whole days, without ties and with them.
x <- c(3, 17, 21, 44, 58, 61, 90); y <- c(5, 8, 26, 33, 70, 71, 99, 120, 150)
w <- wilcox.test(x, y, conf.int = TRUE)
shifted <- wilcox.test(x, y, mu = -10.5)
out$exact_rank_sum <- list(x = x, y = y, statistic = w$statistic[[1]], p = w$p.value,
  interval = c(w$conf.int), estimate = w$estimate[[1]],
  shifted = c(shifted$statistic, shifted$p.value))
d <- c(12, -3, 25, 7, -1, 30, 18, 44, -9, 51)
s <- wilcox.test(d, conf.int = TRUE); s2 <- wilcox.test(d, mu = 6.25)
out$exact_signed_rank <- list(d = d, statistic = s$statistic[[1]], p = s$p.value,
  interval = c(s$conf.int), estimate = s$estimate[[1]], shifted = c(s2$statistic, s2$p.value))
before <- c(7, 8, 6, 5, 9, 10, 4, 7, 8, 6, 9, 3, 5, 8, 7); after <- c(5, 8, 4, 5, 6, 7, 4, 8, 5, 3, 7, 3, 2, 6, 8)
s <- suppressWarnings(wilcox.test(before, after, paired = TRUE, exact = FALSE, conf.int = TRUE))
plain <- wilcox.test(before, after, paired = TRUE, exact = FALSE, correct = FALSE)
t <- t.test(before, after, paired = TRUE, mu = 0.5)
out$pairs <- list(before = before, after = after,
  signed_rank = c(s$statistic, s$p.value, plain$p.value), interval = c(s$conf.int),
  paired_t = c(t$statistic, t$parameter, t$p.value, t$conf.int, t$estimate))
cat(jsonlite::toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
