// What a page looks like to who uses it; returns what is wrong, in words. Overlays (sticky bars, the
// sidebar of a phone, the chat's input) lie over what scrolls below them, and rightly so; so do the
// arrows of tabs, which scroll in a row of their own.
() => {
  const CONTROLS = "button, a[href], input:not([type=file]), textarea, summary, [role=button], [role=tab], [role=option]";
  const LAID_OVER = "[class*=st-key-picture-], [data-testid=stTabs] > :has([role=tablist])";
  const shown = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const lies = (e) => /fixed|sticky/.test(getComputedStyle(e).position);
  const floats = (e) => { for (; e; e = e.parentElement) if (lies(e)) return true; return false; };
  const name = (e) => (e.getAttribute("aria-label") || e.innerText || e.className).slice(0, 40);
  const wide = document.documentElement.scrollWidth;
  const wrong = wide > innerWidth ? [`scrolls sideways: ${wide} > ${innerWidth}`] : [];
  const boxed = [...document.querySelectorAll(`[data-testid=stMain] :is(${CONTROLS})`)]
    .filter((e) => shown(e) && !floats(e) && !e.closest(LAID_OVER))
    .map((e) => [e, e.getBoundingClientRect()])
    .filter(([, box]) => box.width > 2 && box.height > 2);
  for (const [e, box] of boxed) {
    if (box.left < -1 || box.right > innerWidth + 1) wrong.push(`off the page: ${name(e)}`);
    const cut = e.matches("button") && e.scrollWidth > e.clientWidth + 2;
    if (cut && getComputedStyle(e).overflow !== "visible") wrong.push(`clipped: ${name(e)}`);
  }
  boxed.forEach(([a, one], i) => boxed.slice(i + 1).forEach(([b, two]) => {
    const across = Math.min(one.right, two.right) - Math.max(one.left, two.left);
    const down = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
    if (across > 3 && down > 3 && !a.contains(b) && !b.contains(a)) {
      wrong.push(`overlap: ${name(a)} / ${name(b)}`);
    }
  }));
  return wrong;
}
