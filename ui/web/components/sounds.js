// Sounds of the whole page: how fast they play, whether what was just spoken plays by itself, and
// answers read aloud, sentence by sentence. This browser keeps what is chosen. What begins by itself
// does so once, in the tab that sees it first: a reload, or choosing it later, plays nothing old.
const SPEEDS = [0.75, 1, 1.25, 1.5, 2];
const FRESH = "st-key-turn-fresh-";
const REMEMBERED = 200;
const queue = [];
let playing = null; // the player of the page that was started from the queue
let reading = null; // { run, abort, voice } of the answer that is being read

export default function ({ data, parentElement }) {
  const panel = parentElement.querySelector(".sounds");
  if (!panel.watching) setUp(panel, data.words);
  if (data.read && isPressed(data.read.press)) {
    reading?.run === data.read.run ? hush() : read(data.read.run);
  }
  return () => {
    panel.watching.disconnect();
    document.removeEventListener("play", alone, true);
    document.removeEventListener("keydown", escape, true);
    hush();
  };
}

function setUp(panel, words) {
  const speed = panel.querySelector("select");
  const auto = choice(panel, "auto", words);
  const aloud = choice(panel, "aloud", words);
  aloud.addEventListener("change", () => aloud.checked || hush());
  panel.querySelector(".speed").prepend(words.speed);
  speed.replaceChildren(...SPEEDS.map((times) => new Option(`${times}×`, times)));
  speed.value = kept("speed", 1);
  speed.onchange = () => {
    keep("speed", Number(speed.value));
    if (reading?.voice) reading.voice.playbackRate = Number(speed.value);
    look();
  };
  const silence = panel.querySelector("button");
  const status = panel.querySelector("[role=status]");
  silence.textContent = words.stop;
  silence.onclick = hush;
  panel.watching = new MutationObserver(look);
  panel.watching.observe(document.body, { childList: true, subtree: true });
  document.addEventListener("play", alone, true);
  document.addEventListener("keydown", escape, true);
  document.addEventListener("duomo-reading", ({ detail }) => {
    silence.hidden = !reading;
    status.textContent = detail === "failed" ? words.failed : "";
  });
  look();

  function look() {
    document.querySelectorAll("audio").forEach((audio) => atSpeed(audio, speed.value));
    for (const turn of document.querySelectorAll(`[class*="${FRESH}"]`)) {
      const run = nameOf(turn);
      if (isNew(`read-${run}`) && aloud.checked) read(run);
      const sounds = [...turn.querySelectorAll("audio")];
      const fresh = sounds.filter((_, at) => isNew(`${run}-${at}`));
      if (auto.checked) queue.push(...fresh);
    }
    if (!reading && queue.length && !playing?.isConnected) next();
  }
}

function choice(panel, name, words) {
  const box = panel.querySelector(`.${name} input`);
  box.parentElement.append(words[name]);
  box.checked = kept(name, false);
  box.addEventListener("change", () => keep(name, box.checked));
  return box;
}

function nameOf(turn) {
  return [...turn.classList].find((name) => name.startsWith(FRESH)).slice(FRESH.length);
}

// Whether this is met for the first time; from now on it is not.
function isNew(id) {
  const heard = kept("heard", []);
  if (heard.includes(id)) return false;
  keep("heard", [...heard, id].slice(-REMEMBERED));
  return true;
}

// Whether a press on 朗读 is new to this tab, which meets it again in every conversation.
function isPressed(press) {
  if (sessionStorage.getItem("duomo-pressed") === press) return false;
  sessionStorage.setItem("duomo-pressed", press);
  return true;
}

// Once for a choice: a person may still set one player otherwise.
function atSpeed(audio, speed) {
  if (audio.dataset.speed === speed) return;
  audio.dataset.speed = speed;
  audio.defaultPlaybackRate = audio.playbackRate = Number(speed);
}

// Players of the page, one after the other; a press on pause ends it.
function next() {
  playing = queue.shift() ?? null;
  if (!playing) return;
  playing.addEventListener("pause", ({ target }) => (target.ended ? next() : drop()), { once: true });
  playing.play().catch(drop);
}

function drop() {
  queue.length = 0;
  playing = null;
}

// Two voices at once are none: what a person starts ends the others.
function alone({ target }) {
  hush();
  document.querySelectorAll("audio").forEach((other) => other !== target && other.pause());
}

// The answer of a run from its beginning; the next sentence is fetched while one is heard.
async function read(run) {
  hush();
  document.querySelectorAll("audio").forEach((audio) => audio.pause());
  const mine = (reading = { run, abort: new AbortController(), voice: null });
  tell();
  let coming = sentence(mine, 0);
  for (let number = 1; reading === mine; number++) {
    const sound = await coming;
    if (!sound || reading !== mine) break;
    coming = sentence(mine, number);
    await heard(mine, sound);
  }
  if (reading === mine) hush();
  if (mine.failed) tell("failed");
  if (queue.length) next();
}

// A sentence as a sound; null past the last one, or when it was stopped.
async function sentence(mine, number) {
  try {
    for (;;) {
      const answer = await fetch(`/duomo-speech/${mine.run}/${number}`, { signal: mine.abort.signal });
      if (answer.status === 200) return await answer.blob();
      if (answer.status === 202) continue; // not written yet
      mine.failed = answer.status !== 204;
      return null;
    }
  } catch {
    mine.failed = !mine.abort.signal.aborted; // else it was stopped
    return null;
  }
}

function heard(mine, sound) {
  const voice = (mine.voice = new Audio(URL.createObjectURL(sound)));
  voice.playbackRate = kept("speed", 1);
  return new Promise((resolve) => {
    voice.onended = voice.onpause = voice.onerror = resolve;
    voice.play().catch(resolve);
  }).finally(() => URL.revokeObjectURL(voice.src));
}

function hush() {
  const stopped = reading;
  reading = null;
  stopped?.abort.abort();
  stopped?.voice?.pause();
  tell();
}

function tell(detail) {
  document.dispatchEvent(new CustomEvent("duomo-reading", { detail }));
}

function escape({ key }) {
  if (key === "Escape") hush();
}

function kept(name, otherwise) {
  return JSON.parse(localStorage.getItem(`duomo-${name}`)) ?? otherwise;
}

function keep(name, value) {
  localStorage.setItem(`duomo-${name}`, JSON.stringify(value));
}
