/**
 * As much of the DOM as the console uses. TypeScript's own `dom` library would
 * hold for the whole program: the server's files would accept `document` too,
 * and so would those of everyone who imports the package.
 *
 * @module
 */

/** An element; it has the members of form controls too. */
export interface PageElement {
  className: string;
  textContent: string | null;
  title: string;
  hidden: boolean;
  disabled: boolean;
  tabIndex: number;
  value: string;
  readonly classList: {
    add(name: string): void;
    contains(name: string): boolean;
    toggle(name: string, on?: boolean): boolean;
  };
  readonly style: { setProperty(name: string, value: string): void };
  readonly children: ArrayLike<PageElement>;
  readonly firstElementChild: PageElement | null;
  readonly lastElementChild: PageElement | null;
  readonly nextElementSibling: PageElement | null;
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
  append(...children: (PageElement | string)[]): void;
  closest(selector: string): PageElement | null;
  contains(other: PageElement | null): boolean;
  focus(options?: { preventScroll?: boolean }): void;
  getAttribute(name: string): string | null;
  insertBefore(child: PageElement, before: PageElement | null): void;
  prepend(...children: (PageElement | string)[]): void;
  querySelector(selector: string): PageElement | null;
  remove(): void;
  removeAttribute(name: string): void;
  replaceChildren(...children: (PageElement | string)[]): void;
  scrollIntoView(options?: { block?: "nearest" | "start" }): void;
  setAttribute(name: string, value: string): void;
}

/** An event on an element or on the document. */
export interface PageEvent {
  /** Which key, of a keyboard event. */
  readonly key: string;
  readonly altKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly target: PageElement;
  preventDefault(): void;
}

/** The global `document`. */
export interface PageDocument {
  title: string;
  readonly hidden: boolean;
  readonly activeElement: PageElement | null;
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
  createElement(tag: string): PageElement;
  createElementNS(namespace: string, tag: string): PageElement;
  getElementById(id: string): PageElement | null;
}

/** A server's event, as the global `EventSource` hands it over. */
export interface FeedMessage {
  readonly data: string;
}

/** The global `EventSource`. */
export interface Feed {
  /** 0: connecting, 1: open, 2: closed for good. */
  readonly readyState: number;
  addEventListener(
    type: string,
    listener: (message: FeedMessage) => void,
  ): void;
  close(): void;
}
