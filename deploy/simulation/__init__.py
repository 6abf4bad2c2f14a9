"""The season of 2020 over again, as load with a known result: a plan made by chance from a seed, and its replay."""
