// Sounds of the whole page: how fast they play, and whether what was just spoken plays by itself.
// This browser keeps both. A sound plays by itself once, in the tab that sees it first: what was
// heard is remembered, so that a reload, or turning it on later, plays nothing old.
const SPEEDS = [0.75, 1, 1.25, 1.5, 2];
const FRESH = '[class*="st-key-turn-fresh-"]';
const REMEMBERED = 200;
const queue = [];
let playing = null;

export default function ({ data, parentElement }) {
  const panel = parentElement.querySelector(".sounds");
  if (panel.watching) return;
  const auto = panel.querySelector("input");
  const speed = panel.querySelector("select");
  panel.querySelector(".auto").append(data.words.auto);
  panel.querySelector(".speed").prepend(data.words.speed);
  speed.replaceChildren(...SPEEDS.map((times) => new Option(`${times}×`, times)));
  speed.value = kept("speed", 1);
  auto.checked = kept("auto", false);
  auto.onchange = () => keep("auto", auto.checked);
  speed.onchange = () => {
    keep("speed", Number(speed.value));
    look();
  };
  panel.watching = new MutationObserver(look);
  panel.watching.observe(document.body, { childList: true, subtree: true });
  document.addEventListener("play", alone, true);
  look();
  return () => {
    panel.watching.disconnect();
    document.removeEventListener("play", alone, true);
  };

  function look() {
    document.querySelectorAll("audio").forEach((audio) => atSpeed(audio, speed.value));
    const fresh = [...document.querySelectorAll(FRESH)].flatMap(unheard);
    if (!auto.checked || !fresh.length) return;
    queue.push(...fresh);
    if (!playing?.isConnected) next();
  }
}

// Once for a choice: a person may still set one player otherwise.
function atSpeed(audio, speed) {
  if (audio.dataset.speed === speed) return;
  audio.dataset.speed = speed;
  audio.defaultPlaybackRate = audio.playbackRate = Number(speed);
}

// The sounds of a turn that nobody has heard; from now on they count as heard.
function unheard(turn) {
  const name = [...turn.classList].find((name) => name.startsWith("st-key-turn-fresh-"));
  const heard = kept("heard", []);
  const audios = [...turn.querySelectorAll("audio")].map((audio, at) => [`${name}-${at}`, audio]);
  const fresh = audios.filter(([id]) => !heard.includes(id));
  if (fresh.length) keep("heard", [...heard, ...fresh.map(([id]) => id)].slice(-REMEMBERED));
  return fresh.map(([, audio]) => audio);
}

// One after the other; a press on pause ends it.
function next() {
  playing = queue.shift() ?? null;
  if (!playing) return;
  playing.addEventListener("pause", ({ target }) => (target.ended ? next() : stop()), { once: true });
  playing.play().catch(stop);
}

function stop() {
  queue.length = 0;
  playing = null;
}

// Two voices at once are none.
function alone({ target }) {
  document.querySelectorAll("audio").forEach((other) => other !== target && other.pause());
}

function kept(name, otherwise) {
  return JSON.parse(localStorage.getItem(`duomo-${name}`)) ?? otherwise;
}

function keep(name, value) {
  localStorage.setItem(`duomo-${name}`, JSON.stringify(value));
}
