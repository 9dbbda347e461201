"""The report's sections, each a pure function of figures."""
