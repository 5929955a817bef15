# Prediction, agreement, transition and weighting in base R, the formulas written out. Writes the data set
# prediction/data.csv and, with the names of our results, the answers prediction.json. Rscript prediction.R
set.seed(20261122)
n <- 240
age <- round(pmin(95, pmax(20, rnorm(n, 62, 12))))
sex <- sample(c("f", "m"), n, TRUE)
latent <- -1.2 + 0.05 * (age - 62) + 0.5 * (sex == "m") + rnorm(n, 0, 0.8)
died <- rbinom(n, 1, plogis(latent))
marker_a <- pmin(20, pmax(0, round(9 + 2.5 * latent + rnorm(n, 0, 2.5))))
marker_b <- round(pmin(30, pmax(0, 14 + 3 * latent + rnorm(n, 0, 5))), 1)
risk_before <- round(plogis(-1 + 0.03 * (age - 62)), 4)
risk_after <- round(plogis(-1.1 + 0.9 * latent + rnorm(n, 0, 0.4)), 3)
ecog_first <- sample(0:4, n, TRUE, c(2, 4, 3, 2, 1))
ecog_last <- pmin(4, pmax(0, ecog_first + sample(-2:2, n, TRUE, c(1, 3, 5, 2, 1))))
words <- c("none", "mild", "severe")
truth <- sample(1:3, n, TRUE)
rate <- function() words[ifelse(runif(n) < 0.7, truth, sample(1:3, n, TRUE))]
rater_1 <- rate(); rater_2 <- rate(); rater_3 <- rate()
level <- rnorm(n, 50, 12)
reading <- function(shift) round(pmin(100, pmax(0, level + shift + rnorm(n, 0, 5))), 1)
reading_1 <- reading(0); reading_2 <- reading(2); reading_3 <- reading(-1)
film <- reader <- grade <- rep(NA, n)
film[1:36] <- rep(1:12, each = 3); reader[1:36] <- rep(c("A", "B", "C"), 12)
grade[1:36] <- pmin(4, pmax(0, rep(sample(0:3, 12, TRUE), each = 3) + sample(-1:1, 36, TRUE, c(1, 3, 1))))
film[37] <- 5; reader[37] <- "D"; grade[37] <- NA
treated <- rbinom(n, 1, plogis(-0.3 + 0.03 * (age - 62) - 0.4 * (sex == "m")))
stay <- round(pmax(0, 20 + 0.2 * (age - 62) - 3 * treated + rnorm(n, 0, 6)), 1)
gone <- function(x, rows) { x[rows] <- NA; x }
marker_a <- gone(marker_a, c(3, 77)); marker_b <- gone(marker_b, c(5, 77, 90)); risk_after <- gone(risk_after, 11)
rater_2 <- gone(rater_2, 8); reading_3 <- gone(reading_3, 19); ecog_last <- gone(ecog_last, c(2, 31)); age[40] <- NA
data <- data.frame(record_id = 1:n, site = c("A", "B", "C")[1 + 1:n %% 3], died, marker_a, marker_b, risk_before,
  risk_after, ecog_first, ecog_last, rater_1, rater_2, rater_3, reading_1, reading_2, reading_3, film, reader, grade,
  treated, age, sex, stay)
write.csv(data, "prediction/data.csv", row.names = FALSE, quote = FALSE, na = "")

json <- function(x) {
  if (is.list(x)) {
    parts <- vapply(x, json, "")
    if (is.null(names(x))) return(paste0("[", paste(parts, collapse = ", "), "]"))
    return(paste0("{", paste0("\"", names(x), "\": ", parts, collapse = ",\n"), "}"))
  }
  words <- if (is.character(x)) paste0("\"", x, "\"") else ifelse(is.na(x), "null", format(x, digits = 17, trim = TRUE))
  words <- if (is.numeric(x)) vapply(x, function(v) if (is.na(v)) "null" else format(v, digits = 17), "") else words
  if (length(words) == 1) words else paste0("[", paste(words, collapse = ", "), "]")
}
out <- list()
z975 <- qnorm(0.975)
exact <- function(x, n) { t <- binom.test(x, n)$conf.int; list(lower = t[1], upper = t[2]) }
two_sided <- function(z) 2 * pnorm(-abs(z))

# DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988); a higher score speaks for the event.
placements <- function(score, event) {
  kernel <- outer(score[event == 1], score[event == 0], function(x, y) (x > y) + (x == y) / 2)
  list(cases = rowMeans(kernel), controls = colMeans(kernel))
}
area <- function(score, event) {
  p <- placements(score, event)
  auc <- mean(p$cases)
  se <- sqrt(var(p$cases) / length(p$cases) + var(p$controls) / length(p$controls))
  list(auc = auc, se = se, lower = max(0, auc - z975 * se), upper = min(1, auc + z975 * se),
    statistic = (auc - 0.5) / se, p = two_sided((auc - 0.5) / se))
}
at <- function(score, event, threshold) {
  positive <- score >= threshold
  tp <- sum(positive & event == 1); fp <- sum(positive & event == 0); cases <- sum(event == 1); controls <- sum(event == 0)
  list(threshold = threshold, true_positives = tp, false_positives = fp, sensitivity = c(list(estimate = tp / cases), exact(tp, cases)),
    specificity = c(list(estimate = 1 - fp / controls), exact(controls - fp, controls)))
}
youden <- function(score, event) {
  cuts <- sort(unique(score))
  gain <- vapply(cuts, function(cut) mean(score[event == 1] >= cut) + mean(score[event == 0] < cut) - 1, 0)
  cut <- cuts[which.max(round(gain, 12))]
  list(threshold = cut, index = max(gain), sensitivity = mean(score[event == 1] >= cut), specificity = mean(score[event == 0] < cut))
}
d <- data[!is.na(data$marker_a), ]
out$roc_one <- list(n = nrow(d), missing = n - nrow(d), cases = sum(d$died), controls = sum(1 - d$died),
  scores = list(c(list(score = "marker_a"), area(d$marker_a, d$died), list(youden = youden(d$marker_a, d$died), at = at(d$marker_a, d$died, 10)))))
d <- data[!is.na(data$marker_a) & !is.na(data$marker_b), ]
one <- placements(d$marker_a, d$died); two <- placements(d$marker_b, d$died)
m <- sum(d$died); k <- sum(1 - d$died)
covariance <- cov(one$cases, two$cases) / m + cov(one$controls, two$controls) / k
first <- area(d$marker_a, d$died); second <- area(d$marker_b, d$died)
se <- sqrt(first$se^2 + second$se^2 - 2 * covariance); difference <- first$auc - second$auc
out$roc_two <- list(n = nrow(d), scores = list(first, second), comparison = list(estimate = difference, se = se,
  statistic = difference / se, p = two_sided(difference / se), lower = difference - z975 * se, upper = difference + z975 * se,
  covariance = covariance))

# Calibration (Cox 1958; Steyerberg 2010): logit of the outcome on that of the prediction, and with that as an offset.
d <- data[!is.na(data$risk_after), ]; p <- d$risk_after; y <- d$died; l <- qlogis(p)
tight <- glm.control(epsilon = 1e-15, maxit = 100)
again <- function(fit) { for (i in 1:3) fit <- suppressWarnings(update(fit, start = coef(fit), control = tight)); fit }
large <- again(glm(y ~ offset(l), family = binomial, control = tight)); slope <- again(glm(y ~ l, family = binomial, control = tight))
wald <- function(fit, which, null) {
  x <- model.matrix(fit); w <- fitted(fit) * (1 - fitted(fit))
  b <- coef(fit)[[which]]; se <- sqrt(diag(solve(t(x) %*% (x * w))))[[which]]
  list(estimate = b, se = se, statistic = (b - null) / se, p = two_sided((b - null) / se), lower = b - z975 * se, upper = b + z975 * se)
}
cuts <- vapply(1:9, function(g) { counts <- cumsum(table(factor(round(p * 1000), 0:1000))); (0:1000)[which(counts >= g * length(p) / 10)[1]] / 1000 }, 0)
group <- findInterval(round(p * 1000), round(cuts * 1000) , left.open = TRUE) + 1
curve <- function(t) { tp <- sum(p >= t & y == 1); fp <- sum(p >= t & y == 0); N <- length(p); odds <- t / (1 - t)
  list(threshold = t, net_benefit = tp / N - fp / N * odds, treat_all = mean(y) - (1 - mean(y)) * odds) }
out$calibration <- list(n = length(p), events = sum(y), brier = mean((p - y)^2), mean_predicted = mean(p), observed = mean(y),
  scaled_brier = 1 - mean((p - y)^2) / (mean(y) * (1 - mean(y))),
  in_the_large = wald(large, 1, 0), intercept = wald(slope, 1, 0), slope = wald(slope, 2, 1),
  groups = lapply(sort(unique(group)), function(g) c(list(n = sum(group == g), events = sum(y[group == g]), predicted = mean(p[group == g]),
    observed = mean(y[group == g])), exact(sum(y[group == g]), sum(group == g)))),
  decision_curve = lapply(c(0.1, 0.2, 0.35), curve))

# Reclassification (Pencina 2008, 2011), as Hmisc::improveProb.
d <- data[!is.na(data$risk_after), ]; e <- d$died == 1; a <- d$risk_before; b <- d$risk_after
nri <- function(up, down) {
  half <- function(rows, sign) { u <- sum(up[rows]); v <- sum(down[rows]); N <- sum(rows)
    list(estimate = sign * (u - v) / N, se = sqrt((u + v) / N^2 - (u - v)^2 / N^3), up = u, down = v) }
  events <- half(e, 1); nonevents <- half(!e, -1)
  s <- sqrt(events$se^2 + nonevents$se^2); x <- events$estimate + nonevents$estimate
  list(estimate = x, se = s, statistic = x / s, p = two_sided(x / s), lower = x - z975 * s, upper = x + z975 * s, events = events, nonevents = nonevents)
}
points <- c(0.15, 0.3, 0.5)
from <- findInterval(a, points); to <- findInterval(b, points)
change <- b - a
s <- sqrt(var(change[e]) / sum(e) + var(change[!e]) / sum(!e)); x <- mean(change[e]) - mean(change[!e])
out$reclassification <- list(n = nrow(d), nri = nri(to > from, to < from), continuous_nri = nri(b > a, b < a),
  idi = list(estimate = x, se = s, statistic = x / s, p = two_sided(x / s), lower = x - z975 * s, upper = x + z975 * s))

# Kappa (Cohen 1960, 1968; errors of Fleiss, Cohen and Everitt 1969), as vcd::Kappa.
kappa <- function(name, p, w, n) {
  r <- rowSums(p); c <- colSums(p); po <- sum(w * p); pe <- sum(w * outer(r, c)); k <- (po - pe) / (1 - pe)
  wr <- as.vector(w %*% c); wc <- as.vector(r %*% w); s <- outer(wr, wc, "+")
  se <- sqrt((sum(p * (w - s * (1 - k))^2) - (k - pe * (1 - k))^2) / (n * (1 - pe)^2))
  null <- sqrt((sum(outer(r, c) * (w - s)^2) - pe^2) / (n * (1 - pe)^2))
  list(name = name, estimate = k, se = se, lower = k - z975 * se, upper = min(1, k + z975 * se), null_se = null, statistic = k / null, p = two_sided(k / null),
    observed = po, expected = pe)
}
kappas <- function(x, y, codes) {
  t <- table(factor(x, codes), factor(y, codes)); N <- sum(t); K <- length(codes); gap <- abs(outer(1:K, 1:K, "-")) / (K - 1)
  list(cohen = list(kappa("unweighted", t / N, diag(K), N)), weighted = list(kappa("linear", t / N, 1 - gap, N), kappa("quadratic", t / N, 1 - gap^2, N)))
}
codes <- c("none", "mild", "severe", "fatal")
both <- kappas(data$rater_1, data$rater_2, codes)
out$cohen <- list(n = sum(!is.na(data$rater_2)), coefficients = both$cohen); out$weighted <- list(coefficients = both$weighted)
wide <- lapply(c("A", "B"), function(r) data$grade[which(data$reader == r)][order(data$film[which(data$reader == r)])])
long <- kappas(wide[[1]], wide[[2]], 0:4)
out$weighted_long <- list(n = 12, coefficients = long$weighted)
# Fleiss 1971; the error of Gwet 2021 (irrCAC::fleiss.kappa.raw) and that under no agreement of Fleiss, Nee and Landis 1979 (irr::kappam.fleiss).
fleiss <- function(t) {
  N <- nrow(t); r <- sum(t[1, ]); pj <- colSums(t) / (N * r); agree <- (rowSums(t^2) - r) / (r * (r - 1)); pe <- sum(pj^2)
  k <- (mean(agree) - pe) / (1 - pe); ki <- (agree - pe) / (1 - pe); pei <- as.vector(t %*% pj) / r
  star <- ki - 2 * (1 - k) * (pei - pe) / (1 - pe); se <- sqrt(sum((star - k)^2) / (N * (N - 1)))
  q <- 1 - pj; null <- sqrt(2 / (sum(pj * q)^2 * N * r * (r - 1)) * (sum(pj * q)^2 - sum(pj * q * (q - pj))))
  w <- qt(0.975, N - 1) * se
  list(name = "fleiss", estimate = k, se = se, lower = max(-1, k - w), upper = min(1, k + w), null_se = null, statistic = k / null, p = two_sided(k / null),
    observed = mean(agree), expected = pe)
}
d <- data[!is.na(data$rater_2), c("rater_1", "rater_2", "rater_3")]
out$fleiss <- list(n = nrow(d), raters = 3, coefficients = list(fleiss(sapply(codes, function(code) rowSums(d == code)))))
out$fleiss_long <- list(n = 12, raters = 3, coefficients = list(fleiss(unclass(table(data$film[1:36], factor(data$grade[1:36], 0:4))))))
# Shrout and Fleiss 1979, McGraw and Wong 1996, as psych::ICC.
icc <- function(x) {
  n <- nrow(x); k <- ncol(x); g <- mean(x)
  msr <- k * sum((rowMeans(x) - g)^2) / (n - 1); msc <- n * sum((colMeans(x) - g)^2) / (k - 1)
  mse <- sum((x - outer(rowMeans(x), rep(1, k)) - outer(rep(1, n), colMeans(x)) + g)^2) / ((n - 1) * (k - 1))
  i3 <- (msr - mse) / (msr + (k - 1) * mse); i2 <- (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n)
  f <- msr / mse; d1 <- n - 1; d2 <- (n - 1) * (k - 1); p <- pf(f, d1, d2, lower.tail = FALSE)
  fl <- f / qf(0.975, d1, d2); fu <- f * qf(0.975, d2, d1); fj <- msc / mse
  a <- k * i2 * fj + n * (1 + (k - 1) * i2) - k * i2
  v <- (k - 1) * (n - 1) * a^2 / ((n - 1) * k^2 * i2^2 * fj^2 + (n * (1 + (k - 1) * i2) - k * i2)^2)
  f3u <- qf(0.975, n - 1, v); f3l <- qf(0.975, v, n - 1)
  list(list(name = "ICC(2,1)", estimate = i2, lower = n * (msr - f3u * mse) / (f3u * (k * msc + (k * n - k - n) * mse) + n * msr),
      upper = n * (f3l * msr - mse) / (k * msc + (k * n - k - n) * mse + n * f3l * msr), statistic = f, df = c(d1, d2), p = p),
    list(name = "ICC(3,1)", estimate = i3, lower = (fl - 1) / (fl + k - 1), upper = (fu - 1) / (fu + k - 1), statistic = f, df = c(d1, d2), p = p))
}
d <- as.matrix(data[!is.na(data$reading_3), c("reading_1", "reading_2", "reading_3")])
out$icc <- list(n = nrow(d), raters = 3, coefficients = icc(d))
out$icc_long <- list(n = 12, raters = 3, coefficients = icc(matrix(data$grade[1:36], 12, byrow = TRUE)))

# Transition of ECOG, where lower is better.
d <- data[!is.na(data$ecog_last), ]
moved <- function(d) { N <- nrow(d); part <- function(x) c(list(count = sum(x), share = mean(x)), exact(sum(x), N))
  list(n = N, counts = lapply(0:5, function(i) vapply(0:5, function(j) as.numeric(sum(d$ecog_first == i & d$ecog_last == j)), 0)),
    improved = part(d$ecog_last < d$ecog_first), stable = part(d$ecog_last == d$ecog_first), worse = part(d$ecog_last > d$ecog_first)) }
out$transition <- list(groups = list(moved(d), moved(d[d$sex == "f", ]), moved(d[d$sex == "m", ])))

cat(json(out), "\n", file = "prediction.json")
