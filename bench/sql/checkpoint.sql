-- Before each run, so that all of them write the same images of pages.
checkpoint; -- noqa: PRS
