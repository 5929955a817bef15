# Tails and quantiles by R, from the middle to 1e-300: Rscript distribution.R > distribution.json
number <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ", "), "]")
rows <- list()
add <- function(name, arguments, value) {
  keep <- is.finite(value) & value > 1e-307
  for (at in which(keep)) rows[[length(rows) + 1]] <<-
    sprintf('["%s", %s, %.17g]', name, number(sapply(arguments, function(a) rep_len(a, length(value))[at])), value[at])
}
z <- c(-37, -20, -8.2, -3, -1.5, -0.3, -1e-3, 0, 1e-6, 0.4, 1, 1.96, 2.7, 5.5, 9, 15, 26, 37)
add("normal_cdf", list(z), pnorm(z))
add("normal_survival", list(z), pnorm(z, lower.tail = FALSE))
p <- c(1e-300, 1e-100, 1e-20, 1e-8, 0.001, 0.025, 0.2, 0.45, 0.6, 0.9, 0.975, 0.9999)
add("normal_quantile", list(p), abs(qnorm(p)))
for (df in c(1, 2.3, 5, 17, 60.5, 908, 1e5)) {
  t <- c(1e-3, 0.2, 0.9, 1.7, 2.3, 4, 8, 15, 30, 60, 1e3, 1e10)
  add("t_two_sided", list(t, df), 2 * pt(t, df, lower.tail = FALSE))
}
for (df in c(1, 2, 3, 7, 10.5, 24, 117, 900)) {
  x <- df * c(1e-4, 0.1, 0.5, 0.9, 1, 1.1, 1.5, 2, 4, 10, 40, 200, 1000)
  add("chi_squared_survival", list(x, df), pchisq(x, df, lower.tail = FALSE))
}
for (n in c(1, 2, 5, 40.5, 907)) for (d in c(1, 3, 12, 77.25, 1200)) {
  f <- c(1e-3, 0.1, 0.4, 0.8, 1, 1.3, 2.5, 5, 20, 150, 3000)
  add("f_survival", list(f, n, d), pf(f, n, d, lower.tail = FALSE))
  add("f_cdf", list(f, n, d), pf(f, n, d))
  # Near 0 R's own qf loses digits; the reciprocal does not.
  add("f_upper_quantile", list(c(0.025, 0.975), n, d),
      c(qf(0.025, n, d, lower.tail = FALSE), 1 / qf(0.025, d, n, lower.tail = FALSE)))
}
for (a in c(1, 3, 25, 400)) for (b in c(1, 2, 60, 1001))
  add("beta_quantile", list(c(1e-6, 0.025, 0.5, 0.975), a, b), qbeta(c(1e-6, 0.025, 0.5, 0.975), a, b))
for (n in c(1, 2, 9, 50, 333, 2000)) {
  k <- unique(c(0, 1, n %/% 10, n %/% 3, n %/% 2, n - 1))
  for (s in c(0.5, 0.03, 0.9)) add("binomial_cdf", list(k, n, s), pbinom(k, n, s))
}
for (m in c(1, 4, 13, 30, 49)) for (n in c(1, 3, 13, 49)) {
  w <- unique(floor(c(0, 0.02, 0.1, 0.3, 0.5, 0.8, 1) * m * n))
  add("rank_sum", list(w, m, n), pwilcox(w, m, n))
  q <- c(0.025, 0.3); add("rank_sum_quantile", list(q, m, n), qwilcox(q, m, n))
}
for (n in c(1, 2, 6, 15, 49)) {
  v <- unique(floor(c(0, 0.05, 0.2, 0.4, 0.5, 0.9) * n * (n + 1) / 2))
  add("signed", list(v, n), psignrank(v, n))
  q <- c(0.025, 0.3); add("signed_quantile", list(q, n), qsignrank(q, n))
}
cat("[\n", paste(unlist(rows), collapse = ",\n"), "\n]\n", sep = "")
