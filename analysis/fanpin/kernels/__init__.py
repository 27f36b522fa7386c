"""Numbers: arrays in, frozen records out; no data frames and no files."""
