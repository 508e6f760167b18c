// Puts Streamlit's own texts into the page's language: it offers no translation itself.
// `table` maps an English text to ours; `{}` in it stands for any words.
(function translateChrome(table) {
  const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const patterns = Object.entries(table).map(([english, ours]) => [
    new RegExp("^" + english.split("{}").map(escape).join("(.*)") + "$", "s"),
    ours,
  ]);
  const ATTRIBUTES = ["aria-label", "title", "placeholder"];
  const OURS = "[data-testid=stMarkdownContainer], [data-testid=stText], [data-testid=stCode], textarea, style, script";

  function translated(text) {
    for (const [pattern, ours] of patterns) {
      const found = pattern.exec(text);
      if (found) return ours.replace("{}", () => found[1] ?? "");
    }
    return null;
  }

  function texts(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) text(walker.currentNode);
  }

  function text(node) {
    if (!/[A-Za-z]/.test(node.data) || node.parentElement?.closest(OURS)) return;
    const ours = translated(node.data);
    if (ours !== null && ours !== node.data) node.data = ours;
  }

  function attributes(element) {
    for (const name of ATTRIBUTES) {
      const value = element.getAttribute(name);
      const ours = value && /[A-Za-z]/.test(value) ? translated(value) : null;
      if (ours !== null && ours !== value) element.setAttribute(name, ours);
    }
  }

  function all(root) {
    if (root.nodeType === Node.TEXT_NODE) return text(root);
    if (root.nodeType !== Node.ELEMENT_NODE) return;
    texts(root);
    attributes(root);
    root.querySelectorAll("[aria-label], [title], [placeholder]").forEach(attributes);
  }

  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "childList") change.addedNodes.forEach(all);
      else if (change.type === "attributes") attributes(change.target);
      else text(change.target);
    }
  }).observe(document.documentElement, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: ATTRIBUTES,
  });
})
