import type { PageDocument, PageElement } from "./dom.ts";

declare const document: PageDocument;

/** The element of the page's markup that has this id. */
export function byId(id: string): PageElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element #${id}`);
  return element;
}

/** A new element. */
export function make(
  tag: string,
  className: string = "",
  ...children: (PageElement | string)[]
): PageElement {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

/** A new button, which submits no form. */
export function makeButton(className: string, text: string): PageElement {
  const button = make("button", className, text);
  button.setAttribute("type", "button");
  return button;
}

/** A new element of SVG. */
export function makeSVG(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  ...children: PageElement[]
): PageElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Sets a text, unless it is the same: a selection in it then survives. */
export function setText(element: PageElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets a text that may not fit, and the whole of it as the title. */
export function setClipped(
  element: PageElement,
  text: string,
  title: string = text,
): void {
  setText(element, text);
  if (element.title !== title) element.title = title;
}

/** Sets an attribute, unless it is the same. */
export function setAttribute(
  element: PageElement,
  name: string,
  value: string,
): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * Makes the children of `parent` those of `items`, in their order, and keeps the
 * element of an item that was there before: focus and selection survive.
 */
export function keepRows<Item, Row extends { readonly element: PageElement }>(
  parent: PageElement,
  rows: Map<unknown, Row>,
  items: readonly Item[],
  { key, make, update }: {
    key(item: Item): unknown;
    make(item: Item): Row;
    update(row: Row, item: Item): void;
  },
): void {
  const focused = document.activeElement;
  const within = focused !== null && parent.contains(focused);
  const focusedRow = within
    ? Array.from(parent.children).findIndex((row) => row.contains(focused))
    : -1;
  const kept = new Set(items.map(key));
  for (const [name, { element }] of rows) {
    if (kept.has(name)) continue;
    // Before the others are placed: none of these then has to move.
    element.remove();
    rows.delete(name);
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    let row = rows.get(key(item));
    if (row === undefined) {
      row = make(item);
      rows.set(key(item), row);
    }
    update(row, item);
    if (row.element === place) place = place.nextElementSibling;
    else parent.insertBefore(row.element, place);
  }
  if (!within || document.activeElement === focused) return;
  // Its row was moved; or it is gone, and the one now in its place follows.
  const next = parent.contains(focused)
    ? focused
    : parent.children[Math.min(focusedRow, items.length - 1)]?.querySelector(
      "button",
    );
  next?.focus({ preventScroll: true });
}

/**
 * Makes a button ask "Sure?" for three seconds; pressed again in these, it acts.
 * `what` completes "Disconnect …" for a screen reader. Returns what takes the
 * question back, as has to be done once `what` tells something else.
 */
export function askFirst(
  button: PageElement,
  { what, act, announce }: {
    what(): string;
    act(): void;
    announce(text: string): void;
  },
): () => void {
  const text = button.textContent ?? "";
  let askedAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  function reset() {
    clearTimeout(timer);
    timer = undefined;
    button.classList.toggle("asking", false);
    setText(button, text);
    setAttribute(button, "aria-label", `Disconnect ${what()}`);
  }
  reset();
  button.addEventListener("click", () => {
    if (timer === undefined) {
      askedAt = performance.now();
      timer = setTimeout(reset, 3_000);
      button.classList.toggle("asking", true);
      setText(button, "Sure?");
      setAttribute(button, "aria-label", `Sure? Disconnect ${what()}`);
      announce(`Press again to disconnect ${what()}`);
    } else if (performance.now() - askedAt > 300) {
      // The second half of a double click is no answer.
      reset();
      act();
    }
  });
  return reset;
}
