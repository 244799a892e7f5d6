"""What a night and its parts are meant to reach, as the tables show it."""

INGEST = "at most 2.5"
NIGHT = "at least 10"
SEARCH_RATIO = 5
SEARCH = f"at least {SEARCH_RATIO}"
RULE_SPEED = "at least 40; 0"
SCORE_DIFFERENCE = "1e-9"
PEAK_MIB = "at most 3,072"
SECOND_RUN = "at most 3"
BEYOND_WORK_SECONDS = 0.15
BEYOND_WORK = f"at most {BEYOND_WORK_SECONDS}"
FLIPS = "0"
GZIPPED_KB = "at most 200"
SPAM_F1 = "at least 0.90"
