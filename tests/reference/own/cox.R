# References for `cox` that the published answers lack, by survival 3.5-3 (R 4.2.2): robust errors by row and by patient,
# strata by factor, late entry with ties, and their test of proportional hazards; Firth's penalty, for which Debian has
# no package, by formulas written out. Run from `tests/reference`: Rscript own/cox.R > own/cox.json
library(survival)
exact <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100, toler.inf = 1e-9)
number <- function(x) paste(ifelse(is.finite(x), sprintf("%.17g", x), "null"), collapse = ", ")
list_of <- function(x) paste0("[", number(x), "]")
texts <- function(x) paste0("[", paste0('"', x, '"', collapse = ", "), "]")

entry <- function(fit, zph = TRUE) {
  z <- if (zph) cox.zph(fit)$table else NULL
  fields <- c(
    sprintf('"n": %d', fit$n), sprintf('"nevent": %d', as.integer(fit$nevent)),
    sprintf('"names": %s', texts(names(coef(fit)))), sprintf('"estimate": %s', list_of(coef(fit))),
    sprintf('"se": %s', list_of(sqrt(diag(vcov(fit))))), sprintf('"loglik": %s', list_of(fit$loglik)),
    sprintf('"score": %s', number(fit$score)), sprintf('"wald": %s', number(fit$wald.test)),
    sprintf('"concordance": %s', number(fit$concordance["concordance"])),
    if (zph) c(sprintf('"zph": %s', texts(rownames(z))), sprintf('"chisq": %s', list_of(z[, 1]))))
  # With an offset, R's baseline is of somebody who has its mean; the network's has an offset of 0.
  if (!grepl("strata|offset", deparse1(fit$formula)) && is.null(fit$naive.var)) {
    base <- basehaz(fit, centered = FALSE)
    base <- base[diff(c(0, base$hazard)) > 0, ]
    fields <- c(fields, sprintf('"times": %s', list_of(base$time)), sprintf('"hazard": %s', list_of(base$hazard)))
  }
  paste0("{", paste(fields, collapse = ", "), "}")
}

# Firth: maximise l + log|I|/2 by Newton on the modified score, with I and its derivative written out (Breslow or Efron).
firth <- function(time, status, x, strata, efron) {
  x <- as.matrix(x)
  p <- ncol(x)
  at <- function(b) {
    l <- 0; u <- rep(0, p); i <- matrix(0, p, p); d3 <- array(0, c(p, p, p))
    w <- exp(x %*% b)[, 1]
    for (s in unique(strata)) for (t in sort(unique(time[status == 1 & strata == s]))) {
      risk <- strata == s & time >= t
      dead <- strata == s & time == t & status == 1
      d <- sum(dead)
      l <- l + sum(x[dead, , drop = FALSE] %*% b); u <- u + colSums(x[dead, , drop = FALSE])
      for (k in seq_len(d) - 1) {
        v <- w * risk - (if (efron) k / d else 0) * w * dead
        q <- v / sum(v); m <- colSums(q * x); z <- sweep(x, 2, m)
        l <- l - log(sum(v)); u <- u - m; i <- i + t(z) %*% (q * z)
        for (c in 1:p) d3[, , c] <- d3[, , c] + t(z) %*% (q * z[, c] * z)
      }
    }
    inverse <- solve(i)
    list(l = l + log(det(i)) / 2, u = u + sapply(1:p, function(c) sum(diag(inverse %*% d3[, , c])) / 2), v = inverse)
  }
  b <- rep(0, p)
  for (round in 1:100) {
    now <- at(b)
    step <- (now$v %*% now$u)[, 1]
    while (max(abs(step)) > 1 || at(b + step)$l < now$l - 1e-9) step <- step / 2
    b <- b + step
  }
  end <- at(b)
  sprintf('{"n": %d, "nevent": %d, "names": %s, "estimate": %s, "se": %s, "loglik": %s}', nrow(x), sum(status),
    texts(colnames(x)), list_of(b), list_of(sqrt(diag(end$v))), list_of(c(at(rep(0, p))$l, end$l)))
}

lung <- read.csv("lung/data.csv")
cgd <- read.csv("cgd/data.csv")
ovarian <- read.csv("ovarian/data.csv")
veteran <- read.csv("veteran/data.csv")
rossi <- read.csv("rossi/data.csv")
gbsg2 <- read.csv("gbsg2/data.csv")
# Entry on a coarse grid of 30 days, so that entries, events and both together are tied.
cgd$from <- 30 * floor(cgd$tstart / 30)
cgd$to <- 30 * ceiling(cgd$tstop / 30)
cgd$inherit <- factor(cgd$inherit, c("X-linked", "autosomal"))
cgd$number <- seq_len(nrow(cgd))
out <- c(
  robust_lung = entry(coxph(Surv(time, status) ~ age + sex + ph_ecog, lung, control = exact, robust = TRUE)),
  robust_lung_breslow = entry(coxph(Surv(time, status) ~ age + sex + ph_ecog, lung, control = exact, ties = "breslow", robust = TRUE)),
  robust_lung_site = entry(coxph(Surv(time, status) ~ age + sex + ph_ecog + strata(site), lung, control = exact, robust = TRUE)),
  cluster_cgd = entry(coxph(Surv(tstart, tstop, status) ~ treat + age + inherit + steroids, cgd, control = exact, cluster = record_id)),
  cluster_cgd_site = entry(coxph(Surv(tstart, tstop, status) ~ treat + age + inherit + steroids + strata(center), cgd, control = exact, cluster = record_id), FALSE),
  strata_veteran = entry(coxph(Surv(time, status) ~ trt + karno + age + strata(celltype), veteran, control = exact, robust = TRUE)),
  strata_veteran_site = entry(coxph(Surv(time, status) ~ trt + karno + age + strata(celltype, site), veteran, control = exact)),
  entry_cgd = entry(coxph(Surv(from, to, status) ~ treat + age + steroids, cgd, control = exact, cluster = number)),
  entry_cgd_breslow = entry(coxph(Surv(from, to, status) ~ treat + age + steroids, cgd, control = exact, ties = "breslow", cluster = number)),
  plain_lung = entry(coxph(Surv(time, status) ~ age + sex + ph_ecog, lung, control = exact, ties = "breslow")),
  plain_rossi = entry(coxph(Surv(week, arrest) ~ fin + age + race + wexp + mar + paro + prio, rossi, control = exact)),
  interaction_gbsg2 = entry(coxph(Surv(time, cens) ~ log(age) * horth + tgrade + offset(tsize / 100), gbsg2, control = exact)),
  firth_ovarian = with(ovarian, firth(futime, fustat, cbind(age = age, rx = rx), rep(1, nrow(ovarian)), TRUE)),
  firth_ovarian_site = with(ovarian, firth(futime, fustat, cbind(age = age, rx = rx), site, TRUE)),
  firth_monotone = firth(1:20, rep(c(1, 1, 1, 0), 5), cbind(x = rep(1:0, c(4, 16))), rep("A", 20), TRUE),
  firth_veteran_breslow = with(veteran, firth(time, status, cbind(karno = karno, trt = trt, prior = prior), rep(1, nrow(veteran)), FALSE)))
cat("{\n", paste0('"', names(out), '": ', out, collapse = ",\n"), "\n}\n", sep = "")
