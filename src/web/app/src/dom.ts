// Elements without a framework.
type Child = Node | string | null | undefined;
type Props = Record<string, string | boolean | number | ((event: Event) => void) | undefined>;

/** An element; `on…` properties listen, true is an empty attribute, false and undefined none. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : String(value));
  }
  for (const child of children) if (child != null) element.append(child);
  return element;
}

export function svg(tag: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** Sets a text only when it is another one: screen readers and the browser then have less to do. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
