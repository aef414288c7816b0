"""The rating experiment without screen, files or database: protocols, studies, order, sessions, MOS and observers."""
