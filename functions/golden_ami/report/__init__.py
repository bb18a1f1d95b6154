"""The report of a run: one model (`model.Report`), the formats made from it (`formats`), and who is told (`notify`)."""
