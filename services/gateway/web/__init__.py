"""The pages: plain files, served as they are."""
