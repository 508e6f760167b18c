// A grid of pictures: opened with a click or Enter, chosen with its box or the space bar, walked
// through with the arrow keys. Pictures load when they come into view. Names are untrusted: they are
// only ever set as text.
export default function ({ data, parentElement, setTriggerValue }) {
  const grid = parentElement.querySelector(".grid");
  const { tiles, words } = data;
  const chosen = new Set(data.chosen);
  const shown = JSON.stringify(tiles);

  if (grid.dataset.shown !== shown) {
    grid.dataset.shown = shown;
    grid.setAttribute("aria-label", words.grid);
    grid.replaceChildren(...tiles.map((tile) => draw(tile, words)));
  }
  const cells = [...grid.children];
  cells.forEach((cell, index) => {
    const box = cell.querySelector("input");
    mark(cell, box, chosen.has(tiles[index].id));
    box.onclick = (event) => choose(index, box.checked, event.shiftKey);
    cell.querySelector(".open").onclick = () => setTriggerValue("opened", tiles[index].id);
  });
  grid.onkeydown = (event) => walk(event);
  grid.classList.toggle("choosing", chosen.size > 0);

  function choose(index, on, range) {
    const last = Number(grid.dataset.last ?? index);
    const [from, to] = range ? [Math.min(last, index), Math.max(last, index)] : [index, index];
    for (let at = from; at <= to; at++) {
      on ? chosen.add(tiles[at].id) : chosen.delete(tiles[at].id);
      mark(cells[at], cells[at].querySelector("input"), on);
    }
    grid.dataset.last = index;
    setTriggerValue("chosen", tiles.map((tile) => tile.id).filter((id) => chosen.has(id)));
  }

  function walk(event) {
    const at = cells.findIndex((cell) => cell.contains(event.target));
    if (at < 0) return;
    if (event.key === " " && event.target.tagName !== "INPUT") {
      choose(at, !chosen.has(tiles[at].id), event.shiftKey);
      return event.preventDefault();
    }
    const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    const to = { Home: 0, End: cells.length - 1 }[event.key] ?? (step ? at + step : undefined);
    if (to === undefined) return;
    cells[to]?.querySelector(".open").focus();
    event.preventDefault();
  }
}

function mark(cell, box, on) {
  box.checked = on;
  cell.classList.toggle("chosen", on);
}

function draw(tile, words) {
  const cell = document.createElement("li");
  const open = document.createElement("button");
  open.className = "open";
  open.type = "button";
  open.setAttribute("aria-label", tile.name);
  open.title = tile.name;
  open.append(tile.src ? picture(tile, words) : sound());
  const box = document.createElement("input");
  box.type = "checkbox";
  box.setAttribute("aria-label", words.choose.replace("{}", tile.name));
  const label = document.createElement("label");
  label.append(box);
  const note = document.createElement("span");
  note.className = "note";
  note.textContent = tile.note;
  cell.append(open, label, note);
  return cell;
}

function picture(tile, words) {
  const image = document.createElement("img");
  image.loading = "lazy";
  image.decoding = "async";
  image.alt = "";
  image.onerror = () => image.replaceWith(sign(words.gone));
  image.src = tile.src;
  return image;
}

function sound() {
  const span = sign("♪");
  span.classList.add("sound");
  return span;
}

function sign(text) {
  const span = document.createElement("span");
  span.className = "sign";
  span.textContent = text;
  return span;
}
