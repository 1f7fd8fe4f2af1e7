// A front on a page without a kernel: `mount(element, front, recorded)`, as `Front.recorded()` of Python gives it.

function revived(value) {
  if (Array.isArray(value)) return value.map(revived);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.base64 === "string") {
    const bytes = Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0));
    return new DataView(bytes.buffer);
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, revived(each)]));
}

export function modelOf(recorded) {
  const [values, listeners] = [revived(recorded), new Map()];
  return {
    get: (name) => values[name],
    set(name, value) {
      if (values[name] === value) return;
      values[name] = value;
      for (const act of [...(listeners.get(`change:${name}`) ?? [])]) act();
    },
    save_changes() {},
    on: (event, act) => listeners.set(event, [...(listeners.get(event) ?? []), act]),
    off: (event, act) => listeners.set(event, (listeners.get(event) ?? []).filter((each) => each !== act)),
  };
}

// Returns what takes it away again
export function mount(element, front, recorded) {
  return front.render({ model: modelOf(recorded), el: element });
}
