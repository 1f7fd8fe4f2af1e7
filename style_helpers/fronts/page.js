// A front on a page without a kernel, where common.js stands before this (see `page` in style_helpers/fronts/__init__.py).

function revived(value) {
  if (Array.isArray(value)) return value.map(revived);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.base64 === "string") {
    const bytes = Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0));
    return new DataView(bytes.buffer);
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, revived(each)]));
}

// What `Front.recorded()` of Python gave, as a model
export const recordedModel = (recorded) => modelOf(revived(recorded));

// Returns what takes it away again
export function mount(element, front, recorded) {
  const box = element.appendChild(document.createElement("div"));
  const end = front.render({ model: recordedModel(recorded), el: box });
  return () => {
    end();
    box.remove();
  };
}
