# Writes correlation.json: run with `Rscript correlation.R` in this folder (R 4.2 or later, jsonlite).
#
# Pearson: cor.test. Spearman: cor.test(exact = FALSE), whose p-value is that of t; t itself and the interval of Bonett
# and Wright (Psychometrika 65, 2000) are written out, because cor.test reports neither.

pair <- function(x, y, method) {
  n <- length(x)
  if (method == "pearson") {
    test <- cor.test(x, y)
    return(list(estimate = unname(test$estimate), statistic = unname(test$statistic), df = n - 2,
                p = test$p.value, lower = test$conf.int[1], upper = test$conf.int[2]))
  }
  test <- cor.test(x, y, method = "spearman", exact = FALSE)
  r <- unname(test$estimate)
  half <- qnorm(0.975) * sqrt((1 + r^2 / 2) / (n - 3))
  list(estimate = r, statistic = r * sqrt((n - 2) / (1 - r^2)), df = n - 2, p = test$p.value,
       lower = tanh(atanh(r) - half), upper = tanh(atanh(r) + half))
}

pairs <- function(data, method) {
  data <- data[complete.cases(data), ]
  result <- list()
  for (i in seq_len(ncol(data) - 1)) for (j in (i + 1):ncol(data)) {
    result[[length(result) + 1]] <-
      c(list(x = names(data)[i], y = names(data)[j]), pair(data[[i]], data[[j]], method))
  }
  list(n = nrow(data), pairs = result, covariance = unname(cov(data)))
}

sets <- list(birthwt = c("age", "lwt", "bwt", "smoke"), lung = c("age", "meal_cal", "wt_loss", "ph_karno"),
             pbc = c("age", "bili", "albumin", "protime", "chol"))
answers <- list()
for (set in names(sets)) {
  data <- read.csv(file.path("..", set, "data.csv"))[sets[[set]]]
  for (method in c("pearson", "spearman")) answers[[set]][[method]] <- pairs(data, method)
}
# So close to a line that p is far out in the tail, and with many ties.
line <- data.frame(days = 1:200, dose = (1:200) %/% 3 + (7 * (1:200)) %% 5)
for (method in c("pearson", "spearman")) answers$line[[method]] <- pairs(line, method)

jsonlite::write_json(answers, "correlation.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
