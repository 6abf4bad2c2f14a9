"""The roads to a person, one file each."""
