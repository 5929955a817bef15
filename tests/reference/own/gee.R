# Generalised estimating equations solved until nothing changes, and checked against geepack::geeglm (std.err = "san.se").
#
# Scale: the mean of the squared Pearson residuals. Exchangeable correlation: the mean of the products of two residuals of a
# patient over the scale. Errors: bread, meat and bread at the estimates.
#
# Run in tests/reference:  Rscript own/gee.R   writes own/gee.json
suppressMessages(library(geepack))
options(digits = 17, warn = 1)
num <- function(x) formatC(x, digits = 17, format = "g")
quoted <- function(s) paste0('"', gsub("\n", "\\\\n", gsub('"', '\\\\"', s)), '"')
list_of <- function(x, f) paste0("[", paste(f(x), collapse = ","), "]")

solve_gee <- function(formula, d, family, exchangeable) {
  X <- model.matrix(formula, d); y <- model.response(model.frame(formula, d)); groups <- split(seq_along(y), d$record_id)
  offset <- model.offset(model.frame(formula, d)); if (is.null(offset)) offset <- 0
  b <- coef(glm(formula, family, d)); alpha <- 0
  for (iteration in 1:500) {
    eta <- as.vector(X %*% b) + offset; mu <- family$linkinv(eta); s <- sqrt(family$variance(mu))
    r <- (y - mu) / s; Z <- X * (family$mu.eta(eta) / s)
    B <- M <- 0; U <- 0; products <- pairs <- 0
    for (own in groups) {
      n <- length(own); R <- (1 - alpha) * diag(n) + alpha; z <- Z[own, , drop = FALSE]
      u <- crossprod(z, solve(R, r[own])); U <- U + u; B <- B + crossprod(z, solve(R, z)); M <- M + u %*% t(u)
      products <- products + (sum(r[own])^2 - sum(r[own]^2)) / 2; pairs <- pairs + n * (n - 1) / 2
    }
    scale <- mean(r^2); step <- as.vector(solve(B, U)); new <- if (exchangeable) products / pairs / scale else 0
    if (max(abs(step)) < 1e-14 * max(abs(b)) && abs(new - alpha) < 1e-14) break
    b <- b + step; alpha <- new
  }
  stopifnot(max(abs(step / b)) < 1e-10, abs(new - alpha) < 1e-12)
  V <- solve(B) %*% M %*% solve(B)
  list(b = b, V = V, alpha = alpha, scale = scale, n = length(y), clusters = length(groups))
}

read <- function(set) {
  d <- read.csv(file.path(set, "data.csv"), stringsAsFactors = TRUE)
  d <- d[order(d$record_id), ]
  d$id <- as.integer(factor(d$record_id))
  d
}
entries <- character()
for (case in list(
  list("toenail", severe ~ treatment * time, binomial(), "severe ~ treatment * time"),
  list("epil", y ~ lbase + trt + lage + period, poisson(), "y ~ lbase + trt + lage + period"),
  list("epil", y ~ trt + offset(lbase), poisson(), "y ~ trt + offset(lbase)"),
  list("orthodont", distance ~ age * sex, gaussian(), "distance ~ age * sex"),
  list("sleepstudy", reaction ~ days, gaussian(), "reaction ~ days"))) {
  d <- read(case[[1]])
  for (correlation in c("independence", "exchangeable")) {
    fit <- solve_gee(case[[2]], d, case[[3]], correlation == "exchangeable")
    se <- sqrt(diag(fit$V))
    check <- eval(bquote(geeglm(.(case[[2]]), id = id, data = d, family = case[[3]], corstr = correlation,
      control = geese.control(epsilon = 1e-12, maxit = 500))))
    stopifnot(max(abs(coef(check) / fit$b - 1)) < 1e-6, max(abs(summary(check)$coefficients[, 2] / se - 1)) < 1e-6,
      abs(check$geese$gamma / fit$scale - 1) < 1e-6)
    if (correlation == "exchangeable") stopifnot(abs(check$geese$alpha / fit$alpha - 1) < 1e-5)
    section <- paste0('formula = "', case[[4]], '"\nfamily = "', case[[3]]$family, '"\ncorrelation = "', correlation, '"')
    entries <- c(entries, paste0("{", paste(paste0(quoted(c("set", "section", "names", "estimate", "se", "p", "alpha", "dispersion", "n", "clusters")), ":",
      c(quoted(case[[1]]), quoted(section), list_of(names(fit$b), quoted), list_of(fit$b, num), list_of(se, num),
        list_of(2 * pnorm(-abs(fit$b / se)), num), num(fit$alpha), num(fit$scale), num(fit$n), num(fit$clusters))), collapse = ","), "}"))
  }
}
writeLines(c("[", paste(entries, collapse = ",\n"), "]"), "own/gee.json")
cat(length(entries), "entries\n")
