# Survival and competing risks by R's packages survival and cmprsk, that the reference answers lack:
# Rscript survival.R > survival.json, in this directory. mgus2/data.csv is of survival 3.5-3, dealt out to three sites.
suppressMessages({library(survival); library(cmprsk)})
out <- list()
put <- function(name, value) out[[name]] <<- value
read <- function(set) read.csv(file.path("..", set, "data.csv"))
colon <- read("colon_death"); lung <- read("lung"); mgus <- read("mgus2")

# Times rounded up to a grid of 30 days, and censored at 600.
wide <- lung
wide$status <- ifelse(lung$time > 600, 0, lung$status)
wide$time <- pmin(30 * ceiling(lung$time / 30), 600)
at <- c(90, 180, 360, 600)
fits <- lapply(1:2, function(sex) survfit(Surv(time, status) ~ 1, data = wide[wide$sex == sex, ]))
points <- lapply(fits, function(fit) { s <- summary(fit, times = at)
  list(survival = s$surv, at_risk = s$n.risk, lower = s$lower, upper = s$upper, median = quantile(fit, 0.5)$quantile[[1]]) })
put("lung_on_a_grid_of_30_days", list(`1` = points[[1]], `2` = points[[2]],
  logrank = survdiff(Surv(time, status) ~ sex, data = wide)$chisq))

# Mean survival up to five years, each group less the first.
z <- qnorm(0.975)
means <- summary(survfit(Surv(time, status) ~ rx, data = colon), rmean = 1825)$table[, c("rmean", "se(rmean)")]
difference <- function(at) { estimate <- means[at, 1] - means[1, 1]; se <- sqrt(means[at, 2]^2 + means[1, 2]^2)
  list(level = sub("rx=", "", rownames(means)[at]), estimate = estimate, se = se, lower = estimate - z * se,
    upper = estimate + z * se, p = 2 * pnorm(-abs(estimate / se))) }
put("rmst_difference", lapply(2:3, difference))

# Strata of two factors; rows without one are left out.
stratified <- function(rho) { test <- survdiff(Surv(time, status) ~ rx + strata(sex, differ), data = colon, rho = rho)
  list(statistic = test$chisq, p = pchisq(test$chisq, 2, lower.tail = FALSE), observed = rowSums(test$obs),
    expected = rowSums(test$exp)) }
put("stratified", list(logrank_stratified = stratified(0), peto_stratified = stratified(1)))

# Progression (1) and death without it (2) in monoclonal gammopathy; Gray's test, the incidence and its variance.
interval <- function(p, se, type) survival:::survfit_confint(p, se / p, conf.type = type, conf.int = 0.95)
tests <- function(fit) data.frame(cause = rownames(fit$Tests), fit$Tests)
incidence <- function(data, times, by = NULL) {
  group <- if (is.null(by)) rep("all", nrow(data)) else data[[by]]
  fit <- cuminc(data$etime, data$cause, group)
  points <- timepoints(fit, times)
  curves <- lapply(seq_len(nrow(points$est)), function(row) { p <- points$est[row, ]; se <- sqrt(points$var[row, ])
    loglog <- interval(p, se, "log-log"); plain <- interval(p, se, "plain"); log <- interval(p, se, "log")
    list(name = rownames(points$est)[row], incidence = p, se = se, `log-log` = loglog, plain = plain, log = log) })
  list(curves = curves, tests = if (is.null(by)) NULL else tests(fit))
}
months <- c(60, 120, 240, 360)
put("mgus2", list(times = months, all = incidence(mgus, months), sex = incidence(mgus, months, "sex"),
  free_at_120 = summary(survfit(Surv(etime, cause > 0) ~ 1, data = mgus), times = 120)$surv,
  # What some give instead: everybody who died without progression counted as censored.
  wrong_at_240 = 1 - summary(survfit(Surv(etime, cause == 1) ~ 1, data = mgus), times = 240)$surv))
# Ties everywhere: months rounded up to two years.
mgus$etime <- 24 * ceiling(mgus$etime / 24)
put("mgus2_by_two_years", list(times = c(48, 120, 240), sex = incidence(mgus, c(48, 120, 240), "sex"),
  site = incidence(mgus, c(48, 120, 240), "site")))
put("gray_within_sites", tests(cuminc(mgus$etime, mgus$cause, mgus$sex, strata = mgus$site)))
cat(jsonlite::toJSON(out, digits = NA, auto_unbox = TRUE, na = "null", pretty = TRUE), "\n")
