// On a phone the menu lies over the page: once something is chosen there it has done its work.
document.addEventListener("click", ({ target }) => {
  if (window.innerWidth > 768) return;
  const menu = target.closest("[data-testid=stSidebar]");
  if (menu === null || !target.closest("a, [class*=st-key-open-], .st-key-new")) return;
  menu.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
});
