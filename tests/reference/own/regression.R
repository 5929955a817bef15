# R's answers to regression models, each from a fit that has fully converged.
#
# glm() takes its standard errors from the weights of the last iterate but one. Here every fit is started again at
# its own estimates until nothing changes, so that weights, deviance and standard errors are those of the estimates.
# Sandwich errors, Firth's penalty and the negative binomial likelihood are written out.
#
# Run in tests/reference:  Rscript own/regression.R   writes own/regression.json
options(digits = 17, warn = 1)

read <- function(set) {
  d <- read.csv(file.path(set, "data.csv"), stringsAsFactors = FALSE)
  names(d) <- gsub(".", "_", tolower(names(d)), fixed = TRUE)
  for (name in names(d)) if (is.character(d[[name]])) {
    values <- gsub("'", "", d[[name]], fixed = TRUE)
    values[values == ""] <- NA
    d[[name]] <- factor(values, levels = sort(unique(values), method = "radix"))
  }
  if (set %in% c("synth_300", "synth_3000")) {
    d$site <- factor(d$site, levels = sort(unique(as.character(d$site)), method = "radix"))
  }
  d
}

num <- function(x) ifelse(is.finite(x), formatC(x, digits = 17, format = "g"), "null")
quoted <- function(s) paste0('"', gsub("\n", "\\\\n", gsub('"', '\\\\"', s)), '"')
json <- function(x) {
  if (is.matrix(x)) paste0("[", paste(apply(x, 1, function(r) paste0("[", paste(num(r), collapse = ","), "]")), collapse = ","), "]")
  else if (is.list(x)) paste0("{", paste(quoted(names(x)), vapply(x, json, ""), sep = ":", collapse = ","), "}")
  else if (is.character(x) && length(x) == 1) quoted(x)
  else if (is.character(x)) paste0("[", paste(quoted(x), collapse = ","), "]")
  else if (length(x) == 1) num(x)
  else paste0("[", paste(num(x), collapse = ","), "]")
}
entries <- character()
add <- function(set, name, kind, section, values, patient = "") {
  head <- list(set = set, name = name, kind = kind, section = section, patient = patient)
  entries[length(entries) + 1] <<- json(c(head, values))
}

# The interval of a linear model is Student's (confint.lm), that of every other normal (confint.default).
terms_of <- function(b, V, df = Inf, interval = "normal") {
  b <- b[!is.na(b)]
  se <- sqrt(diag(V)); t <- b / se
  p <- if (is.finite(df)) 2 * pt(-abs(t), df) else 2 * pnorm(-abs(t))
  q <- if (interval == "t") qt(0.975, df) else qnorm(0.975)
  list(names = names(b), estimate = unname(b), se = unname(se), statistic = unname(t), p = unname(p),
       lower = unname(b - q * se), upper = unname(b + q * se), covariance = unname(V))
}

converged <- function(formula, family, d) {
  environment(formula) <- environment()
  start <- NULL
  if (family$family == "binomial" && family$link == "log") {
    # R's own start is none here.
    f <- model.frame(formula, d)
    start <- c(log(mean(model.response(f))), rep(0, ncol(model.matrix(formula, f)) - 1))
  }
  fit <- suppressWarnings(glm(formula, family = family, data = d, start = start, control = list(epsilon = 1e-14, maxit = 200)))
  for (i in 1:12) {
    start <- coef(fit); start[is.na(start)] <- 0
    fit <- suppressWarnings(glm(formula, family = family, data = d, start = start, control = list(epsilon = 1e-30, maxit = 1)))
  }
  fit
}

glm_values <- function(fit) {
  quasi <- grepl("^quasi", fit$family$family)
  estimated <- quasi || fit$family$family == "gaussian"
  s <- summary(fit)
  v <- terms_of(coef(fit), s$cov.scaled, if (estimated) fit$df.residual else Inf)
  v <- c(v, list(deviance = fit$deviance, null_deviance = fit$null.deviance, dispersion = s$dispersion,
                 n = length(fit$y), df_residual = fit$df.residual))
  if (!quasi) v <- c(v, list(loglik = as.numeric(logLik(fit)), aic = AIC(fit), bic = BIC(fit)))
  if (fit$family$family == "binomial") v <- c(v, list(brier = mean((fit$y - fitted(fit))^2)))
  v
}

section <- function(formula, more = "") paste0("formula = \"", formula, "\"\n", more)

add_glm <- function(set, name, kind, formula, family, more = "") {
  fit <- converged(as.formula(formula), family, read(set))
  values <- glm_values(fit)
  if (grepl("offset", formula)) {
    null <- converged(as.formula(sub("~.*(offset\\(.*\\)).*", "~ \\1", formula)), family, read(set))
    values$null_deviance <- deviance(null)
  }
  add(set, name, kind, section(formula, more), values)
}

add_lm <- function(set, name, formula) {
  f <- lm(as.formula(formula), read(set)); s <- summary(f)
  v <- terms_of(coef(f), vcov(f), f$df.residual, "t")
  add(set, name, "linear", section(formula),
      c(v, list(n = nobs(f), df_residual = f$df.residual, sigma = s$sigma, rss = deviance(f), r_squared = s$r.squared,
                adjusted_r_squared = s$adj.r.squared, loglik = as.numeric(logLik(f)), aic = AIC(f), bic = BIC(f))))
}

linear <- list(
  birthwt = "bwt ~ age + lwt + race + smoke + ht + ui", cgd = "weight ~ age + sex + height",
  colon_death = "age ~ sex + nodes", epil = "log(y + 1) ~ lbase + trt + lage", gbsg2 = "tsize ~ age + pnodes + menostat",
  lung = "wt_loss ~ age + sex + ph_karno", orthodont = "distance ~ age + sex", ovarian = "age ~ rx",
  pbc = "albumin ~ age + log(bili) + sex", rossi = "prio ~ age + race", sleepstudy = "reaction ~ days",
  synth_300 = "y ~ age + sex + bmi + trt + x1", synth_3000 = "y ~ age + sex + bmi + trt + x1",
  veteran = "karno ~ age + diagtime + factor(trt)")
for (set in names(linear)) {
  add_lm(set, "lm", linear[[set]])
  add_lm(set, "lm_site_fixed_effect", paste0(linear[[set]], " + factor(", if (set == "cgd") "center" else "site", ")"))
}
logit <- list(
  birthwt = "low ~ age + lwt + race + smoke + ptl + ht + ui", colon_death = "status ~ rx + age + sex + node4",
  gbsg2 = "cens ~ age + pnodes + horth", lung = "status ~ age + sex + ph_karno", ovarian = "fustat ~ age + rx",
  pbc = "death ~ age + log(bili) + albumin", rossi = "arrest ~ fin + age + prio",
  synth_300 = "yb ~ age + sex + bmi + trt + x1", synth_3000 = "yb ~ age + sex + bmi + trt + x1",
  toenail = "severe ~ treatment * time", veteran = "status ~ karno + age")
probit <- "family = \"binomial\"\nlink = \"probit\"\n"
for (set in names(logit)) {
  add_glm(set, "glm_binomial_logit", "logistic", logit[[set]], binomial())
  add_glm(set, "glm_binomial_probit", "glm", logit[[set]], binomial("probit"), probit)
}
counts <- list(
  birthwt = "ftv ~ age + smoke + race", colon_death = "nodes ~ age + sex + obstruct",
  epil = "y ~ lbase * trt + lage + v4", gbsg2 = "pnodes ~ age + tsize", rossi = "prio ~ age + race + wexp",
  synth_300 = "cnt ~ age + sex + bmi + trt + x1", synth_3000 = "cnt ~ age + sex + bmi + trt + x1")
for (set in names(counts)) {
  add_glm(set, "glm_poisson_log", "poisson", counts[[set]], poisson())
  add_glm(set, "glm_quasipoisson_log", "glm", counts[[set]], quasipoisson(), "family = \"quasipoisson\"\n")
}
# What those lack: the log link, quasi-binomial, gaussian, an offset, no intercept, interactions and I().
add_glm("birthwt", "log_binomial", "logistic", "low ~ smoke + ht", binomial("log"), "link = \"log\"\n")
add_glm("birthwt", "quasibinomial", "glm", "low ~ age + race", quasibinomial(), "family = \"quasibinomial\"\n")
add_glm("pbc", "gaussian", "glm", "albumin ~ age + log(bili) + sex", gaussian(), "family = \"gaussian\"\n")
add_glm("veteran", "poisson_offset", "poisson", "prior ~ karno + celltype + offset(log(time))", poisson())
add_glm("birthwt", "no_intercept", "logistic", "low ~ 0 + race + lwt", binomial())
add_glm("birthwt", "interaction", "logistic", "low ~ race * smoke + log(lwt) + I(age * age)", binomial())

# Negative binomial: joint Newton in the coefficients and theta. As MASS prints it: the covariance is that of the
# coefficients at theta, the standard error of theta that of theta.ml.
negbin <- function(formula, d) {
  f0 <- glm(formula, family = poisson, data = d)
  X <- model.matrix(f0); y <- f0$y; k <- ncol(X)
  ll <- function(par) sum(dnbinom(y, size = exp(par[1]), mu = exp(drop(X %*% par[-1])), log = TRUE))
  parts <- function(par) {
    th <- exp(par[1]); mu <- exp(drop(X %*% par[-1]))
    s <- sum(digamma(th + y) - digamma(th) + log(th) + 1 - log(th + mu) - (y + th) / (mu + th))
    ss <- sum(trigamma(th + y) - trigamma(th) + 1 / th - 2 / (mu + th) + (y + th) / (mu + th)^2)
    g <- c(th * s, crossprod(X, (y - mu) * th / (th + mu)))
    H <- matrix(0, k + 1, k + 1)
    H[1, 1] <- th * s + th^2 * ss
    H[1, -1] <- H[-1, 1] <- th * crossprod(X, (y - mu) * mu / (th + mu)^2)
    H[-1, -1] <- -crossprod(X, X * (mu * (1 + y / th) / (1 + mu / th)^2))
    list(g = g, H = H, ss = ss, mu = mu, th = th)
  }
  par <- c(log(MASS::glm.nb(formula, d)$theta), coef(MASS::glm.nb(formula, d)))
  for (i in 1:30) { p <- parts(par); par <- par + drop(solve(-p$H, p$g)) }
  p <- parts(par); mu <- p$mu; th <- p$th; b <- par[-1]; names(b) <- colnames(X)
  stopifnot(max(abs(solve(-p$H, p$g))) < 1e-12)
  # trigamma in R loses digits that its derivation from dpsifn keeps to 1e-15; V needs none of it.
  V <- solve(crossprod(X, X * (mu / (1 + mu / th)))); dimnames(V) <- NULL
  dev <- function(m) 2 * sum(ifelse(y > 0, y * log(y / m), 0) - (y + th) * log((y + th) / (m + th)))
  L <- ll(par)
  c(terms_of(b, V), list(n = length(y), df_residual = length(y) - k, theta = th, theta_se = 1 / sqrt(-p$ss), loglik = L,
    aic = -2 * L + 2 * (k + 1), bic = -2 * L + log(length(y)) * (k + 1), deviance = dev(mu), null_deviance = dev(mean(y))))
}
for (set in setdiff(names(counts), "synth_3000")) {
  add(set, "glm_negbin", "negative_binomial", section(counts[[set]]), negbin(as.formula(counts[[set]]), read(set)))
}

# Sandwich errors. HC1 is n / (n - k) times HC0; clusters as sandwich::vcovCL does by default.
sandwich <- function(X, W, s, bread, type, cluster, is_lm) {
  n <- nrow(X); k <- ncol(X)
  h <- W * rowSums((X %*% bread) * X)
  if (type == "cluster") {
    S <- rowsum(X * s, cluster); G <- nrow(S)
    meat <- crossprod(S) * G / (G - 1) * (if (is_lm) (n - 1) / (n - k) else 1)
  } else {
    e2 <- switch(type, hc0 = s^2, hc1 = s^2 * n / (n - k), hc2 = s^2 / (1 - h), hc3 = s^2 / (1 - h)^2)
    meat <- crossprod(X, X * e2)
  }
  bread %*% meat %*% bread
}
robust <- function(set, name, kind, formula, family, type, more = "", patient = "") {
  d <- read(set)
  if (is.null(family)) {
    f <- lm(as.formula(formula), d); X <- model.matrix(f); W <- rep(1, nrow(X)); s <- residuals(f); df <- f$df.residual
  } else {
    f <- converged(as.formula(formula), family, d); X <- model.matrix(f); mu <- fitted(f)
    slope <- f$family$mu.eta(f$linear.predictors); W <- slope^2 / f$family$variance(mu)
    s <- (f$y - mu) * slope / f$family$variance(mu); df <- Inf
  }
  bread <- solve(crossprod(X, W * X))
  cluster <- if (patient == "") NULL else d[[patient]][as.integer(rownames(X))]
  V <- sandwich(X, W, s, bread, type, cluster, is.null(family)); dimnames(V) <- NULL
  more <- paste0("errors = \"", type, "\"\n", more)
  add(set, paste(name, type), kind, section(formula, more), c(terms_of(coef(f), V, df, if (kind == "linear") "t" else "normal"), list(n = nrow(X))), patient)
}
for (type in c("hc0", "hc1", "hc2", "hc3")) {
  robust("birthwt", "lm", "linear", linear$birthwt, NULL, type)
  robust("pbc", "lm", "linear", linear$pbc, NULL, type)
  robust("birthwt", "logit", "logistic", logit$birthwt, binomial(), type)
  robust("gbsg2", "probit", "glm", logit$gbsg2, binomial("probit"), type, probit)
  robust("colon_death", "poisson", "poisson", counts$colon_death, poisson(), type)
}
robust("epil", "lm", "linear", linear$epil, NULL, "cluster", patient = "record_id")
robust("sleepstudy", "lm", "linear", linear$sleepstudy, NULL, "cluster", patient = "record_id")
robust("toenail", "logit", "logistic", logit$toenail, binomial(), "cluster", patient = "record_id")
robust("epil", "poisson", "poisson", counts$epil, poisson(), "cluster", patient = "record_id")

# Firth's penalised likelihood (Biometrika 80, 1993), as logistf and brglm2: Wald tests from the information.
firth <- function(formula, d) {
  f0 <- suppressWarnings(glm(formula, family = binomial, data = d)); X <- model.matrix(f0); y <- f0$y
  b <- rep(0, ncol(X))
  for (i in 1:5000) {
    p <- plogis(drop(X %*% b)); W <- p * (1 - p); V <- solve(crossprod(X, W * X))
    h <- W * rowSums((X %*% V) * X)
    step <- drop(V %*% crossprod(X, y - p + h * (0.5 - p)))
    if (max(abs(step)) > 5) step <- step * 5 / max(abs(step))
    b <- b + step
    if (max(abs(step)) < 1e-15) break
  }
  ll <- sum(dbinom(y, 1, p, log = TRUE))
  names(b) <- colnames(X); dimnames(V) <- NULL
  c(terms_of(b, V), list(n = length(y), loglik = ll - 0.5 * as.numeric(determinant(V)$modulus), deviance = -2 * ll))
}
for (set in c("birthwt", "ovarian", "lung", "veteran")) {
  add(set, "firth", "logistic", section(logit[[set]], "penalty = \"firth\"\n"), firth(as.formula(logit[[set]]), read(set)))
}

# Type II: each term against the model without it, both without the terms that contain it.
type2 <- function(set, name, kind, formula, family, more = "") {
  d <- read(set); F <- as.formula(formula)
  full <- if (is.null(family)) lm(F, d) else converged(F, family, d)
  labels <- attr(terms(F), "term.labels"); factors <- attr(terms(F), "factors")[, labels, drop = FALSE]
  fit <- function(keep) {
    g <- reformulate(if (length(keep)) keep else "1", response = F[[2]])
    if (is.null(family)) lm(g, d) else converged(g, family, d)
  }
  rows <- lapply(labels, function(term) {
    contains <- function(o) o != term && all((factors[, o] > 0) >= (factors[, term] > 0))
    above <- labels[vapply(labels, contains, TRUE)]
    big <- fit(setdiff(labels, above)); small <- fit(setdiff(labels, c(above, term)))
    df <- small$df.residual - big$df.residual
    change <- deviance(small) - deviance(big)
    if (is.null(family)) {
      s <- change / df / (deviance(full) / full$df.residual)
      p <- pf(s, df, full$df.residual, lower.tail = FALSE)
    } else {
      s <- change / summary(full)$dispersion
      p <- pchisq(s, df, lower.tail = FALSE)
    }
    c(s, df, p)
  })
  m <- do.call(rbind, rows)
  add(set, name, kind, section(formula, paste0("tests = [\"type2\"]\n", more)),
      list(type2 = list(names = labels, statistic = m[, 1], df = m[, 2], p = m[, 3])))
}
type2("birthwt", "type2 linear", "linear", linear$birthwt, NULL)
type2("birthwt", "type2 linear interaction", "linear", "bwt ~ race * smoke + age", NULL)
type2("birthwt", "type2 logit", "logistic", "low ~ race * smoke + age + lwt", binomial())
type2("epil", "type2 poisson", "poisson", counts$epil, poisson())
type2("birthwt", "type2 quasipoisson", "glm", "ftv ~ age + smoke + race", quasipoisson(), "family = \"quasipoisson\"\n")

writeLines(paste0("[\n", paste(entries, collapse = ",\n"), "\n]"), "own/regression.json")
