# Writes multiplicity.json: run with `Rscript multiplicity.R` in this folder (R 4.2 or later, jsonlite).
# p.adjust; `of` is the size of the family, which may hold p-values that are withheld.

families <- list(list(p = c(0.01, 0.02, 0.03, 0.04, 0.05), of = 5),
                 list(p = c(0.04, 1e-300, 0.011, 0.011, 0.9, 0.2), of = 6),
                 list(p = c(0.03, 0.001, 0.4), of = 7),
                 list(p = c(0.02), of = 1),
                 list(p = c(0.5, 0.9, 1, 0.7), of = 4))
answers <- lapply(families, function(family) c(family, lapply(
  list(holm = "holm", bonferroni = "bonferroni", benjamini_hochberg = "BH"),
  function(method) I(p.adjust(family$p, method, n = family$of)))))
for (i in seq_along(answers)) answers[[i]]$p <- I(answers[[i]]$p)
jsonlite::write_json(answers, "multiplicity.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
