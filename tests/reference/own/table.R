# Tests of tables by R that the reference answers lack: Rscript table.R > table.json
out <- list()
put <- function(name, value) out[[name]] <<- value
counts <- function(...) matrix(c(...), byrow = TRUE, ...length() / columns)
columns <- 3
small <- counts(3, 1, 4, 1, 5, 9, 2, 6, 5)
ties <- counts(4, 0, 2, 0, 3, 1, 2, 2, 6, 1, 0, 5)
put("fisher_small", list(counts = small, p = fisher.test(small)$p.value))
put("fisher_ties", list(counts = ties, p = fisher.test(ties, workspace = 2e7)$p.value))
columns <- 5
wide <- counts(12, 7, 3, 9, 1, 4, 8, 8, 2, 6, 5, 5, 1, 11, 3)
put("fisher_wide", list(counts = wide, p = fisher.test(wide, workspace = 2e8)$p.value))
rare <- counts(20, 0, 0, 0, 0, 0, 18, 1, 0, 0, 0, 0, 15, 2, 9)
put("fisher_rare", list(counts = rare, p = fisher.test(rare, workspace = 2e8)$p.value))

events <- c(3, 9, 14, 22); trials <- c(40, 42, 39, 41)
trend <- prop.trend.test(events, trials)
put("trend", list(events = events, trials = trials, statistic = trend$statistic[[1]], p = trend$p.value))
trend <- prop.trend.test(events, trials, score = c(0, 1, 2, 4))
put("trend_scored", list(statistic = trend$statistic[[1]], p = trend$p.value))

square <- matrix(c(31, 6, 17, 46), 2, byrow = TRUE)
plain <- mcnemar.test(square, correct = FALSE); corrected <- mcnemar.test(square)
exact <- binom.test(6, 23)
odds <- function(p) p / (1 - p)
put("mcnemar", list(counts = square, statistic = plain$statistic[[1]], p = plain$p.value,
  corrected = c(corrected$statistic[[1]], corrected$p.value),
  exact = c(exact$p.value, odds(c(exact$estimate, exact$conf.int)))))
bowker <- matrix(c(20, 5, 3, 11, 30, 4, 2, 9, 16), 3, byrow = TRUE)
test <- mcnemar.test(bowker)
put("bowker", list(counts = bowker, statistic = test$statistic[[1]], df = test$parameter[[1]], p = test$p.value))

layers <- array(c(2, 7, 5, 6, 11, 3, 8, 9, 1, 4, 0, 6, 13, 10, 7, 21), c(2, 2, 4))
plain <- mantelhaen.test(layers, correct = FALSE); corrected <- mantelhaen.test(layers)
put("mantel_haenszel", list(layers = lapply(1:4, function(at) layers[, , at]),
  statistic = plain$statistic[[1]], p = plain$p.value,
  corrected = c(corrected$statistic[[1]], corrected$p.value), odds_ratio = plain$estimate[[1]],
  interval = as.vector(plain$conf.int)))

# Rows are groups, the second column the event. Woolf, Katz, Wald.
two <- matrix(c(43, 17, 29, 38), 2, byrow = TRUE)
a <- two[1, 1]; b <- two[1, 2]; c <- two[2, 1]; d <- two[2, 2]
z <- qnorm(0.975)
log_odds <- log(a * d / (b * c)); se_odds <- sqrt(1/a + 1/b + 1/c + 1/d)
log_risk <- log((d / (c + d)) / (b / (a + b))); se_risk <- sqrt(1/d - 1/(c + d) + 1/b - 1/(a + b))
wald <- prop.test(c(d, b), c(c + d, a + b), correct = FALSE)
put("effects", list(counts = two, odds_ratio = exp(log_odds + c(0, -1, 1) * z * se_odds),
  risk_ratio = exp(log_risk + c(0, -1, 1) * z * se_risk),
  risk_difference = c(diff(rev(wald$estimate)), wald$conf.int)))
cat(jsonlite::toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
