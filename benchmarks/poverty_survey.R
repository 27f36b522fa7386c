# The same indices with R survey: Rscript poverty_survey.R FILE. Needs the packages survey and arrow.
library(survey)
frame <- as.data.frame(arrow::read_parquet(commandArgs(TRUE)[1]))
start <- proc.time()[["elapsed"]]
frame$gap <- pmax((5000 - frame$income) / 5000, 0)
frame$headcount <- as.numeric(frame$income < 5000)
frame$severity <- frame$gap^2
design <- svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, data = frame)
made <- svymean(~ headcount + gap + severity, design)
seconds <- proc.time()[["elapsed"]] - start
shown <- function(x) paste(format(round(as.numeric(x), 9), scientific = FALSE, trim = TRUE, digits = 15), collapse = ", ")
cat(sprintf('{"seconds": %.3f, "estimates": [%s], "errors": [%s]}\n', seconds, shown(coef(made)), shown(SE(made))))
