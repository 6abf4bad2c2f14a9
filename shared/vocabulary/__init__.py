"""The words that everybody uses for the same thing: wards, principles, sectors, kinds of need."""
