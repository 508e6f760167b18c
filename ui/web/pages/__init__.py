"""One file per page, found by scanning: ORDER and `show()`; its title is `page.NAME`."""
