// What this browser remembers: the key until the tab is closed, the theme and the collection for longer.

function read(storage, name) {
  try {
    return storage.getItem(`fewpix-${name}`) ?? "";
  } catch {
    return "";
  }
}

function write(storage, name, value) {
  try {
    if (value) storage.setItem(`fewpix-${name}`, value);
    else storage.removeItem(`fewpix-${name}`);
  } catch {
    // Storage may be forbidden; then it lasts as long as the page.
  }
}

let key = read(sessionStorage, "key");
let collection = read(localStorage, "collection");

export const getKey = () => key;

export function setKey(text) {
  key = text;
  write(sessionStorage, "key", text);
}

export const getCollection = () => collection;

export function setCollection(name) {
  collection = name;
  write(localStorage, "collection", name);
}

export const getTheme = () => document.documentElement.dataset.theme ?? "";

export function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  write(localStorage, "theme", theme);
}
