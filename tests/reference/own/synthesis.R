# Writes synthesis.json: run with `Rscript synthesis.R` in this folder (R 4.2 or later, jsonlite).
#
# The formulas of R's package metafor (Viechtbauer, Journal of Statistical Software 36(3), 2010) in base R: rma() with
# method "FE", "DL" and "REML" (Fisher scoring, here until nothing changes), test "z" and "knha", and predict().

combined <- function(estimate, se, df = NULL) {
  quantile <- if (is.null(df)) qnorm(0.975) else qt(0.975, df)
  statistic <- estimate / se
  p <- if (is.null(df)) 2 * pnorm(-abs(statistic)) else 2 * pt(-abs(statistic), df)
  list(estimate = estimate, se = se, statistic = statistic, p = p,
       lower = estimate - quantile * se, upper = estimate + quantile * se)
}

reml <- function(y, v) {
  tau2 <- max(0, var(y) - mean(v))
  for (i in 1:100000) {
    w <- 1 / (v + tau2)
    residual <- w * (y - sum(w * y) / sum(w))
    trace <- sum(w) - sum(w^2) / sum(w)
    trace2 <- sum(w^2) - 2 * sum(w^3) / sum(w) + (sum(w^2) / sum(w))^2
    next_tau2 <- max(0, tau2 + (sum(residual^2) - trace) / trace2)
    if (abs(next_tau2 - tau2) <= 1e-16 * (tau2 + min(v))) break
    tau2 <- next_tau2
  }
  tau2
}

random <- function(y, v, tau2) {
  k <- length(y)
  w0 <- 1 / v
  typical <- (k - 1) / (sum(w0) - sum(w0^2) / sum(w0))
  w <- 1 / (v + tau2)
  mean <- sum(w * y) / sum(w)
  se <- sqrt(sum(w * (y - mean)^2) / (k - 1) / sum(w))
  half <- qt(0.975, k - 1) * sqrt(se^2 + tau2)
  c(combined(mean, sqrt(1 / sum(w))),
    list(tau_squared = tau2, i_squared = 100 * tau2 / (tau2 + typical),
         hartung_knapp = combined(mean, se, k - 1), prediction = list(lower = mean - half, upper = mean + half)))
}

synthesis <- function(y, v) {
  k <- length(y)
  w <- 1 / v
  mean <- sum(w * y) / sum(w)
  q <- sum(w * (y - mean)^2)
  dl <- max(0, (q - (k - 1)) / (sum(w) - sum(w^2) / sum(w)))
  list(fixed = combined(mean, sqrt(1 / sum(w))),
       heterogeneity = list(q = q, df = k - 1, p = pchisq(q, k - 1, lower.tail = FALSE),
                            i_squared = max(0, 100 * (q - (k - 1)) / q)),
       dersimonian_laird = random(y, v, dl), reml = random(y, v, reml(y, v)))
}

# Thirteen trials of BCG against tuberculosis (Colditz and others, JAMA 271, 1994), log risk ratios: what metafor's
# own manual prints (REML: tau^2 0.3132, estimate -0.7145, se 0.1798).
bcg <- matrix(c(4, 119, 11, 128, 6, 300, 29, 274, 3, 228, 11, 209, 62, 13536, 248, 12619, 33, 5036, 47, 5761,
                180, 1361, 372, 1079, 8, 2537, 10, 619, 505, 87886, 499, 87892, 29, 7470, 45, 7232,
                17, 1699, 65, 1600, 186, 50448, 141, 27197, 5, 2493, 3, 2338, 27, 16886, 29, 17825),
              ncol = 4, byrow = TRUE)
treated <- bcg[, 1] + bcg[, 2]
control <- bcg[, 3] + bcg[, 4]
y <- log(bcg[, 1] / treated) - log(bcg[, 3] / control)
v <- 1 / bcg[, 1] - 1 / treated + 1 / bcg[, 3] - 1 / control

# Two more: sites that agree better than chance (tau^2 is 0), and two sites only.
agreeing <- list(y = c(0.10, 0.12, 0.09, 0.11), v = c(0.04, 0.09, 0.05, 0.07))
two <- list(y = c(-1.5, 0.75), v = c(0.0625, 0.25))

# Each site's own least squares, and their synthesis term by term.
birthwt <- read.csv("../birthwt/data.csv", stringsAsFactors = TRUE)
birthwt$race <- factor(as.character(birthwt$race), levels = c("black", "other", "white"))
model <- bwt ~ age + lwt + race + smoke
fits <- lapply(split(birthwt, birthwt$site), function(rows) summary(lm(model, rows))$coefficients)
terms <- lapply(rownames(fits[[1]]), function(term) {
  y <- sapply(fits, function(fit) fit[term, 1])
  se <- sapply(fits, function(fit) fit[term, 2])
  c(list(name = term, y = unname(y), se = unname(se)), synthesis(y, se^2))
})
pooled <- summary(lm(model, birthwt))$coefficients

# Each site's own logistic model, run until nothing changes, and their synthesis term by term.
logistic <- low ~ age + lwt + smoke
converged <- function(rows) {
  control <- glm.control(epsilon = 1e-15, maxit = 100)
  first <- suppressWarnings(glm(logistic, binomial, rows, control = control))
  suppressWarnings(summary(glm(logistic, binomial, rows, start = coef(first), control = control))$coefficients)
}
own <- lapply(split(birthwt, birthwt$site), converged)
of_rounds <- lapply(rownames(own[[1]]), function(term) {
  y <- sapply(own, function(fit) fit[term, 1])
  se <- sapply(own, function(fit) fit[term, 2])
  c(list(name = term, y = unname(y), se = unname(se)), synthesis(y, se^2))
})

answers <- list(
  bcg = c(list(y = y, v = v), synthesis(y, v)),
  agreeing = c(agreeing, synthesis(agreeing$y, agreeing$v)),
  two = c(two, synthesis(two$y, two$v)),
  birthwt = list(n = as.vector(table(birthwt$site)), terms = terms, pooled = unname(pooled[, 1])),
  birthwt_logistic = list(terms = of_rounds))
jsonlite::write_json(answers, "synthesis.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
