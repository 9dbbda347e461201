"""The one way anything is shown: a page of sections, as markdown or as HTML."""
