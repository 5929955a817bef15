# Mixed models solved to the last digit by Fisher scoring with whole covariance matrices, and checked against nlme.
#
# V is linear in its parameters: a variance for each random term, or a covariance for every two visits. Estimated marginal
# means (equal weights, numbers at their means, as emmeans) and contrasts are written out as rows of a matrix.
#
# Run in tests/reference:  Rscript own/mixed.R   writes own/mixed.json and own/visits.csv
suppressMessages(library(nlme))
options(digits = 17, warn = 1)
num <- function(x) ifelse(is.finite(x), formatC(x, digits = 17, format = "g"), "null")
quoted <- function(s) paste0('"', gsub("\n", "\\\\n", gsub('"', '\\\\"', s)), '"')
json <- function(x) {
  if (is.null(x)) "null"
  else if (is.matrix(x)) paste0("[", paste(apply(x, 1, function(r) paste0("[", paste(num(r), collapse = ","), "]")), collapse = ","), "]")
  else if (is.list(x)) paste0("{", paste(quoted(names(x)), vapply(x, json, ""), sep = ":", collapse = ","), "}")
  else if (is.character(x) && length(x) == 1) quoted(x)
  else if (is.character(x)) paste0("[", paste(quoted(x), collapse = ","), "]")
  else if (length(x) == 1) num(x)
  else paste0("[", paste(num(x), collapse = ","), "]")
}

# A generated trial: 90 patients of 6 sites, two arms, up to four visits, some of them missed.
set.seed(20261123)
patients <- 90
site <- LETTERS[1 + (seq_len(patients) * 7) %% 6]
arm <- ifelse(seq_len(patients) %% 2 == 0, "active", "control")
age <- round(runif(patients, 40, 80))
L <- chol(matrix(c(9, 5, 4, 3, 5, 10, 6, 4, 4, 6, 12, 7, 3, 4, 7, 14), 4))
of_site <- c(A = 2.1, B = -1.4, C = 0.6, D = -2.2, E = 1.5, F = -0.3)
months <- c(0, 3, 6, 12)
rows <- do.call(rbind, lapply(seq_len(patients), function(i) {
  e <- as.vector(rnorm(4) %*% L)
  y <- 50 + 0.1 * (age[i] - 60) + c(0, -2, -3, -3.5) + (arm[i] == "active") * c(0, -1, -2.5, -3) + of_site[site[i]] + e
  keep <- c(TRUE, runif(3) > c(0.1, 0.25, 0.4))
  data.frame(record_id = i, site = site[i], arm = arm[i], age = age[i], month = months, visit = sprintf("m%02d", months), y = round(y, 2))[keep, ]
}))
write.csv(rows, "own/visits.csv", row.names = FALSE, quote = FALSE)

blocks <- function(group) outer(group, group, "==") * 1
score <- function(y, X, components, start, restricted) {
  theta <- start; n <- length(y); p <- ncol(X)
  for (iteration in 1:500) {
    V <- Reduce(`+`, Map(`*`, components, theta)); W <- solve(V)
    A <- crossprod(X, W %*% X); P <- W - W %*% X %*% solve(A, crossprod(X, W)); Py <- P %*% y
    T <- if (restricted) P else W
    TV <- lapply(components, function(C) T %*% C)
    gradient <- sapply(seq_along(theta), function(k) -sum(diag(TV[[k]])) / 2 + sum(Py * (components[[k]] %*% Py)) / 2)
    information <- sapply(TV, function(a) sapply(TV, function(b) sum(a * t(b)) / 2))
    step <- solve(information, gradient)
    theta <- theta + step
    if (max(abs(step / theta)) < 1e-14) break
  }
  stopifnot(max(abs(step / theta)) < 1e-11)
  V <- Reduce(`+`, Map(`*`, components, theta)); W <- solve(V); A <- crossprod(X, W %*% X)
  b <- solve(A, crossprod(X, W %*% y)); r <- y - X %*% b
  ld <- function(M) as.numeric(determinant(M)$modulus)
  ll <- -(ld(V) + sum(r * (W %*% r)) + (n - p * restricted) * log(2 * pi) + restricted * ld(A)) / 2
  list(theta = theta, b = as.vector(b), vcov = solve(A), loglik = ll, k = p + length(theta))
}

entries <- character()
add <- function(set, section, d, y, X, components, start, restricted, variance, combos = NULL, check = NULL, icc = NULL) {
  fit <- score(y, X, components, start, restricted)
  if (!is.null(check)) stopifnot(abs(as.numeric(logLik(check)) - fit$loglik) < 1e-5)
  se <- sqrt(diag(fit$vcov))
  of <- function(L) list(names = rownames(L), estimate = as.vector(L %*% fit$b), se = sqrt(diag(L %*% fit$vcov %*% t(L))))
  entry <- list(set = set, section = section,
    names = colnames(X), estimate = fit$b, se = se, p = 2 * pnorm(-abs(fit$b / se)),
    lower = fit$b - qnorm(0.975) * se, upper = fit$b + qnorm(0.975) * se, covariance = fit$vcov, loglik = fit$loglik,
    aic = -2 * fit$loglik + 2 * fit$k, bic = -2 * fit$loglik + log(length(y)) * fit$k)
  entry <- c(entry, variance(fit$theta), if (!is.null(icc)) list(icc = icc(fit$theta)),
    if (!is.null(combos)) list(means = of(combos$means), contrasts = of(combos$contrasts)))
  entries[length(entries) + 1] <<- json(entry)
}
pairs_of <- function(visit, patient) {
  visits <- sort(unique(visit)); same <- blocks(patient); components <- list(); start <- c()
  for (one in seq_along(visits)) for (two in seq_len(one)) {
    a <- (visit == visits[one]) * 1; b <- (visit == visits[two]) * 1
    components[[length(components) + 1]] <- same * if (one == two) outer(a, a) else outer(a, b) + outer(b, a)
    start <- c(start, if (one == two) 10 else 3)
  }
  list(components = components, start = start, visits = visits)
}
square <- function(theta, size) {
  M <- matrix(0, size, size); at <- 1
  for (one in 1:size) for (two in 1:one) { M[one, two] <- M[two, one] <- theta[at]; at <- at + 1 }
  M
}

# Orthodont: every two ages of a child.
d <- read.csv("orthodont/data.csv"); d$sex <- factor(d$sex)
X <- model.matrix(~ factor(age) * sex, d); p <- pairs_of(d$age, d$record_id)
grid <- expand.grid(sex = levels(d$sex), age = p$visits); grid$sex <- factor(grid$sex)
M <- model.matrix(~ factor(age) * sex, grid); rownames(M) <- paste(grid$age, grid$sex, sep = ":")
C <- rbind(growth = M["14:Male", ] - M["8:Male", ] - M["14:Female", ] + M["8:Female", ])
for (restricted in c(TRUE, FALSE)) {
  check <- gls(distance ~ factor(age) * sex, d, correlation = corSymm(form = ~ as.integer(factor(age)) | record_id),
    weights = varIdent(form = ~ 1 | age), method = if (restricted) "REML" else "ML")
  method <- if (restricted) "reml" else "ml"
  add("orthodont", paste0('method = "', method, '"\n', 'formula = "distance ~ factor(age) * sex"\ncovariance = "unstructured"\nvisit = "age"\nmeans = ["age:sex"]\n[[contrasts]]\nname = "growth"\nweights = { "14:Male" = 1, "8:Male" = -1, "14:Female" = -1, "8:Female" = 1 }'),
    d, d$distance, X, p$components, p$start / 3, restricted, function(t) list(visits = square(t, 4)), list(means = M, contrasts = C), check)
}

# The generated trial.
d <- rows; d$arm <- factor(d$arm); d$visit <- factor(d$visit)
X <- model.matrix(~ age + visit * arm, d)
p <- pairs_of(d$visit, d$record_id)
grid <- expand.grid(arm = levels(d$arm), visit = levels(d$visit)); grid$age <- mean(d$age)
grid$arm <- factor(grid$arm); grid$visit <- factor(grid$visit, levels(d$visit))
M <- model.matrix(~ age + visit * arm, grid); rownames(M) <- paste(grid$visit, grid$arm, sep = ":")
C <- rbind("difference at 12" = M["m12:active", ] - M["m12:control", ],
  "difference of changes" = M["m12:active", ] - M["m00:active", ] - M["m12:control", ] + M["m00:control", ],
  "change" = M["m12:active", ] - M["m00:active", ])
contrasts <- 'means = ["visit:arm"]\n[[contrasts]]\nname = "difference at 12"\nweights = { "m12:active" = 1, "m12:control" = -1 }\n[[contrasts]]\nname = "difference of changes"\nweights = { "m12:active" = 1, "m00:active" = -1, "m12:control" = -1, "m00:control" = 1 }\n[[contrasts]]\nname = "change"\nweights = { "m12:active" = 1, "m00:active" = -1 }'
S <- blocks(d$site); same <- blocks(d$record_id); I <- diag(nrow(d))
combos <- list(means = M, contrasts = C)
for (restricted in c(TRUE, FALSE)) {
  method <- if (restricted) "REML" else "ML"
  check <- gls(y ~ age + visit * arm, d, correlation = corSymm(form = ~ as.integer(visit) | record_id),
    weights = varIdent(form = ~ 1 | visit), method = method, control = glsControl(maxIter = 500, msMaxIter = 500))
  # A table ends a section of TOML, so that the other keys come first.
  section <- function(formula, more = "") sub("means", paste0('formula = "', formula, '"\n', more, 'method = "', tolower(method), '"\nmeans'), contrasts)
  one <- function(formula, more, components, start, variance, check = NULL, icc = NULL)
    add("visits", section(formula, more), d, d$y, X, components, start, restricted, variance, combos, check, icc)
  fixed <- "y ~ age + visit * arm"
  unstructured <- 'covariance = "unstructured"\nvisit = "visit"\n'
  one(fixed, unstructured, p$components, p$start, function(t) list(visits = square(t, 4)), check)
  one(paste(fixed, "+ (1 | site)"), unstructured, c(p$components, list(S)), c(p$start, 2),
    function(t) list(visits = square(t, 4), site = t[11]))
  check <- lme(y ~ age + visit * arm, random = ~ 1 | site / record_id, d, method = method)
  one(paste(fixed, "+ (1 | patient) + (1 | site)"), "", list(same, S, I), c(4, 2, 6),
    function(t) list(patient = t[1], site = t[2], residual = t[3]), check, function(t) (t[1] + t[2]) / sum(t))
  one(paste(fixed, "+ (1 | patient)"), "", list(same, I), c(4, 6),
    function(t) list(patient = t[1], residual = t[2]), NULL, function(t) t[1] / sum(t))
  z <- d$month
  slope <- list(same, same * (outer(z, rep(1, nrow(d))) + outer(rep(1, nrow(d)), z)), same * outer(z, z))
  one(paste(fixed, "+ (1 + month | patient)"), "", c(slope, list(I)), c(4, 0, 0.05, 5),
    function(t) list(patient = t[1], covariance = t[2], slope = t[3], residual = t[4]))
  one(paste(fixed, "+ (1 + month | patient) + (1 | site)"), "", c(slope, list(S, I)), c(4, 0, 0.05, 2, 5),
    function(t) list(patient = t[1], covariance = t[2], slope = t[3], site = t[4], residual = t[5]))
}
writeLines(c("[", paste(entries, collapse = ",\n"), "]"), "own/mixed.json")
cat(length(entries), "entries\n")
