// el makes an element. Children are elements or texts; a text never becomes
// markup. null, undefined and false are no children.
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// bar shows a share from 0 to 1; its number stands beside it as text. The
// stylesheet draws --share, and --mark where a threshold is.
export function bar(share, mark = null) {
  const element = el('span', {class: 'bar', 'aria-hidden': 'true'}, el('span', {class: 'share'}));
  element.style.setProperty('--share', String(share));
  if (mark !== null) {
    element.append(el('span', {class: 'mark'}));
    element.style.setProperty('--mark', String(mark));
  }
  return element;
}
