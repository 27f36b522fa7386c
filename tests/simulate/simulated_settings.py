"""What the tests of this room simulate."""

WAVES = (2014, 2016, 2018, 2020, 2022)
EXACT = {
    "misreport_sd": 0,
    "heaping_share": 0,
    "income_missing": 0,
    "item_missing": {"dont_know": 0, "refused": 0, "missing": 0},
}
