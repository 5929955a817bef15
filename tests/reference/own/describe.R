# Descriptions by R that the checked-in answers lack: Rscript describe.R > describe.json
out <- list()
proportions <- list(c(0, 1), c(1, 1), c(0, 20), c(3, 20), c(20, 20), c(26, 189), c(96, 189), c(1, 3000), c(2990, 3000))
out$proportions <- lapply(proportions, function(p) list(count = p[1], n = p[2],
  wilson = c(suppressWarnings(prop.test(p[1], p[2], correct = FALSE))$conf.int),
  clopper_pearson = c(binom.test(p[1], p[2])$conf.int)))

# Standardised mean differences: Austin (2009) for numbers, Yang and Dalton (2012) for categories.
number <- function(x, g) {
  m <- tapply(x, g, mean, na.rm = TRUE); v <- tapply(x, g, var, na.rm = TRUE)
  pairs <- combn(length(m), 2)
  apply(pairs, 2, function(p) (m[p[1]] - m[p[2]]) / sqrt((v[p[1]] + v[p[2]]) / 2))
}
category <- function(x, g) {
  t <- prop.table(table(g, x), 1)
  pairs <- combn(nrow(t), 2)
  apply(pairs, 2, function(p) {
    a <- t[p[1], -1]; b <- t[p[2], -1]; k <- length(a)
    s <- (diag(a, k) - a %o% a + diag(b, k) - b %o% b) / 2
    sqrt(drop((a - b) %*% solve(s, a - b)))
  })
}
data <- read.csv("../birthwt/data.csv")
welch <- oneway.test(bwt ~ race, data); two <- t.test(age ~ smoke, data)
square <- chisq.test(table(data$race, data$smoke), correct = FALSE)
rare <- fisher.test(table(data$ht, data$ui))
out$birthwt <- list(
  bwt_race = list(smd = number(data$bwt, data$race), statistic = welch$statistic[[1]], p = welch$p.value),
  age_smoke = list(smd = number(data$age, data$smoke), p = two$p.value),
  race_smoke = list(smd = category(data$race, data$smoke), statistic = square$statistic[[1]], p = square$p.value),
  ht_ui = list(smd = category(data$ui, data$ht), p = rare$p.value))
cat(jsonlite::toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
