"""Which concept of the collected survey layouts each mapped column is, for the sources other than CFPS.

The layouts themselves are not part of the project; the test that reads them checks that the variables of a column stand
in the text of its concepts, and that the column's evidence is the concept's status.
"""

from __future__ import annotations

PERSON = {
    "ethnicity": "ethnicity", "female": "sex", "birth_year": "birth year", "age_by_birth_year": "birth year",
    "party": "party", "education_level": "education level", "schooling_years": "years of schooling",
    "self_rated_health": "self-rated health", "labour_status": "employment status", "income_main_job": "annual labour income",
}  # fmt: skip

# mapping file -> (source in the layouts, {column, or table.column where the tables differ: concept or concepts})
CONCEPTS: dict[str, tuple[str, dict[str, str | list[str]]]] = {
    "chip/2013-rural": ("chip2013", {
        **PERSON, "household_id": "household id", "person_id": ["household id", "person number"], "county": "county",
        "relation": "relation to head", "married": "marital status", "income_total": "total disposable income",
        "operating_costs": "production expenditure", "cultivated_land": "land",
    }),
    "chip/2018-rural": ("chip2018", {
        **PERSON, "household_id": "household id", "person_id": ["household id", "person number"],
        "marital_status": "marital status", "hukou": "hukou/registration", "industry": "industry / occupation",
        "occupation": "industry / occupation", "income_total": "household income",
        "consumption_total": "household consumption",
    }),
    "chip/2007": ("chip_older", {
        "household_id": "household id 2007", "income_total": "net income 2007", "expenditure_total": "expenditure 2007",
    }),
    "chns/1989-2015": ("chns", {
        "household_id": "household id", "person_id": "person id", "wave": "wave", "year": "wave", "province": "province",
        "community": "community", "urban": "urban/rural", "household_size": "household size",
        "income_total": "household income nominal", "income_pc": ["household income nominal", "household size"],
        "income_total_real_2015": "household income real", "income_pc_real_2015": "income per capita real",
        "income_gross_real_2015": "income per capita real", "operating_costs_real_2015": "income per capita real",
        "income_person_real_2015": "individual income real", "price_index": "individual income real", "female": "sex",
        "birth_year": "birth year", "age_by_birth_year": ["birth year", "wave"], "schooling_years": "years of schooling",
        "education_level": "education level", "at_work": "working", "out_of_work": "working", "occupation": "working",
        "ill_last_month": "health: ill / insurance", "health_insured": "health: ill / insurance",
    }),
    "charls/harmonized-d": ("charls", {
        "person_id": "person id", "household_id": "household id", "community": "community", "psu": "community",
        "interview_status": "interview status", "weight": "weight", "age": "age", "female": "sex",
        "education_level": "education", "marital_status": "marital", "hukou": "hukou", "urban": "rural",
        "household_size": "household size", "income_total": "household income total", "income_wage": "earnings",
        "income_operating": "self-employment / capital / pension / transfers",
        "income_property": "self-employment / capital / pension / transfers",
        "income_pension": "self-employment / capital / pension / transfers",
        "income_transfer": "self-employment / capital / pension / transfers",
        "consumption_total": "consumption total / per capita", "consumption_pc": "consumption total / per capita",
        "consumption_food": "food consumption", "wealth_net": "wealth", "hospitalised": "hospitalised",
        "oop_hospital": "hospital out of pocket / total", "hospital_cost": "hospital out of pocket / total",
        "oop_doctor": "doctor out of pocket / total", "doctor_cost": "doctor out of pocket / total",
        "health_insured": "insurance", "self_rated_health": "self-rated health", "chronic": "chronic", "price_index": "CPI",
    }),
    "lsms-isa/harmonised-v1": ("lsms_isa_harmonised", {
        "household_id": ["household id, unique across waves", "country / wave / year"], "wave": "country / wave / year",
        "year": "country / wave / year", "survey_round": "country / wave / year", "weight": "weight",
        "stratum": ["stratum", "country / wave / year"], "psu": ["EA id", "country / wave / year"], "urban": "urban",
        "region": "admin units", "household_size": "household size", "dependency_ratio": "dependency ratio",
        "any_formal_education": "education", "any_primary_education": "education", "has_electricity": "electricity",
        "asset_index": "asset index", "consumption_pc": "consumption aggregate", "any_shock": "any shock",
        "shock_crop": "any shock", "shock_pests": "any shock", "shock_drought": "any shock", "shock_rain": "any shock",
        "shock_flood": "any shock", "has_livestock": "livestock, nonfarm", "has_nonfarm_enterprise": "livestock, nonfarm",
        "diet_diversity": "diet",
    }),
    "gmd/global": ("gmd", {
        "household_id": "ids", "person_id": "ids", "wave": "ids", "year": "ids", "weight": "weight", "stratum": "design",
        "psu": "design", "urban": "urban", "region": "regions", "household_size": "household size",
        "welfare_pc": "welfare for poverty", "welfare_pc_nominal": "welfare nominal",
        "welfare_pc_deflated": "welfare spatially deflated", "welfare_pc_other": "other welfare",
        "welfare_pc_shared_prosperity": "shared prosperity", "welfare_type": "type of welfare", "cpi_2011": "CPI/PPP",
        "cpi_2017": "CPI/PPP", "ppp_2011": "CPI/PPP", "ppp_2017": "CPI/PPP",
        "line_official": "national/international poverty", "is_poor_official": "national/international poverty",
        "has_electricity": "dwelling", "has_piped_water": "dwelling", "improved_water": "dwelling",
        "improved_sanitation": "dwelling", "education_level": "education", "schooling_years": "education",
        "labour_status": "labour", "out_of_work": "labour",
    }),
    "ipums/china-1982-2000": ("ipums", {
        "person_id": ["household serial", "person number", "sample / year / country"],
        "household_id": ["household serial", "sample / year / country"], "wave": "sample / year / country",
        "year": "sample / year / country", "weight": "person weight", "stratum": "strata",
        "place_id": ["prefecture", "province"], "province": "province", "urban": "urban",
        "household_size": "persons in household", "group_quarters": "group quarters", "relation": "relation",
        "female": "sex", "age": "age", "married": "marital", "education_level": "education",
        "schooling_years": "years of schooling", "labour_status": "employment", "out_of_work": "employment",
        "hukou": "hukou", "has_electricity": "electricity", "has_piped_water": "water", "has_toilet": "toilet",
        "has_sewage": "sewage", "rooms": "rooms",
    }),
    "register/export": ("monitoring_register", {
        "household_id": "household number", "person_id": "person number", "province": "place", "prefecture": "place",
        "county": "place", "township": "place", "village": "place", "place_id": "place",
        "household_size": "household members", "register_type": "household type",
        "monitoring_category": "monitoring category", "is_monitored": "monitoring category",
        **{f"risk_{i}": "risk causes" for i in range(1, 6)},
        **{f"cause_{c}": "risk causes" for c in (
            "illness", "disability", "schooling", "disaster", "unstable_work", "failed_business", "accident",
            "lack_of_labour", "unsafe_housing", "unsafe_water", "other")},
        "poverty_cause": "older poverty causes", "risk_removed": "risk removed", "removal_mode": "how removed",
        "risk_identified_month": "dates", "risk_removed_month": "dates", "first_identified_month": "dates",
        "income_pc": "per-capita net income", "income_total": "annual income / net income",
        "income_gross": "annual income / net income", "income_wage": "wage income",
        "income_operating_gross": "operating income", "operating_costs": "operating expenditure",
        "income_operating": ["operating income", "operating expenditure"], "income_property": "property income",
        "income_asset_dividend": "property income", "income_other_property": "property income",
        **{f"income_{c}": "transfer income" for c in (
            "transfer", "family_planning", "dibao", "destitute_support", "pension", "ecological", "other_transfer")},
        "oop_medical": "compliant out-of-pocket spending / insurance payout",
        "insurance_paid": "compliant out-of-pocket spending / insurance payout", "receives_dibao": "dibao / tekun",
        "receives_destitute_support": "dibao / tekun", "no_labour_household": "dibao / tekun",
        "unsafe_housing": "housing / water", "safe_water": "housing / water", "has_toilet": "housing / water",
        "dwelling_area": "housing / water", "cooking_fuel": "housing / water", "cultivated_land": "housing / water",
        **{f"help_{c}": "help measures" for c in (
            "industry", "employment", "public_post", "finance", "safety_net", "social")},
        "relation": "relation / ethnicity / education", "ethnicity": "relation / ethnicity / education",
        "education_level": "relation / ethnicity / education", "enrolled": "relation / ethnicity / education",
        "health_status": "health", "labour_ability": "labour ability", "work_months": "work months",
        "works_away": "work months", "insured_serious_illness": "insurance", "insured_resident": "insurance",
        "insured_employee": "insurance", "health_insured": "insurance",
    }),
}  # fmt: skip
OWN = {"register/export": {"wave", "year"}}  # columns that the project asks for and no export has
EVIDENCE = {
    "verified": "verified", "verified_in_script": "script only", "single_script": "script only", "unverified": "unverified",
}  # fmt: skip
