// What makes the console quick to use. Every page works without it.
(() => {
  'use strict';
  const root = document.documentElement;
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  root.classList.add('scripted');

  // Times: the browser's zone in the text, UTC for the pointer.
  const short = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
  const exact = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
  });
  const utc = (date) => date.toISOString().replace('T', ' ').replace(/\.\d+Z/, ' UTC');
  const age = (millis) => {
    const minutes = Math.floor(millis / 60000), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
    if (minutes < 1) return `${Math.max(0, Math.floor(millis / 1000))} s`;
    if (hours < 1) return `${minutes} min`;
    if (days < 1) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
    return days < 10 && hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
  };
  const localise = () => {
    for (const time of all('time[datetime]')) {
      const date = new Date(time.dateTime);
      if (Number.isNaN(date.getTime())) continue;
      if (time.classList.contains('ago')) {
        time.textContent = `${age(Date.now() - date)} ago`;
        time.title = `${short.format(date)}, ${utc(date)}`;
      } else {
        time.textContent = (time.classList.contains('exact') ? exact : short).format(date).replace(',', '');
        time.title = utc(date);
      }
    }
  };

  // Forms: empty fields are not sent, boxes of filters take effect at once.
  document.addEventListener('formdata', (event) => {
    if (event.target.method !== 'get') return;
    for (const [name, value] of [...event.formData]) if (value === '') event.formData.delete(name);
  });
  document.addEventListener('change', (event) => {
    const field = event.target;
    if (field.matches('.facet input')) field.form.requestSubmit();
    if (field.matches('[data-submit]')) field.form.requestSubmit();
    if (field.id === 'all') for (const box of all('tbody input[type=checkbox]')) box.checked = field.checked;
    count();
  });
  const count = () => {
    const text = one('.chosen');
    const chosen = all('tbody input:checked, .cards input:checked').length;
    if (text && chosen) text.textContent = `${chosen} chosen: ${text.dataset.verb ?? 'change to'}`;
  };
  document.addEventListener('submit', (event) => {
    const question = event.submitter?.dataset.ask;
    if (question && !window.confirm(question)) { event.preventDefault(); event.stopImmediatePropagation(); }
  }, true);
  document.addEventListener('click', (event) => {
    const opener = event.target.closest('[data-open]');
    if (opener) one(`#${opener.dataset.open}`)?.showModal();
    const copy = event.target.closest('[data-copy]');
    if (copy) {
      navigator.clipboard?.writeText(one(`#${copy.dataset.copy}`).textContent).then(() => { copy.textContent = 'Copied'; });
    }
    if (event.target.closest('#refresh')) {
      live = !live;
      try { sessionStorage.setItem('paused', live ? '' : '1'); } catch { /* then it holds for this page only */ }
      dress();
    }
  });

  // Refreshing itself: only what changed is put in place, so focus, boxes and scrolling stay.
  const EVERY = 20000;
  let live = true;
  try { live = !sessionStorage.getItem('paused'); } catch { /* storage is off */ }
  let read = Date.now();
  // Why the page could not be read again: 'lost', 'signed out', or nothing.
  let trouble = '';
  const dress = () => {
    const button = one('#refresh'), said = one('#read-at');
    if (!button) return;
    button.setAttribute('aria-pressed', String(live));
    button.title = live ? 'Refreshes itself every 20 seconds. Click to pause.' : 'Paused. Click to go on.';
    one('span', button).textContent = !live ? 'Paused' : trouble ? 'Retrying' : 'Live';
    button.parentElement.classList.toggle('stale', trouble !== '');
    // Read out only what is wrong: the time changes too often.
    if (trouble) said.setAttribute('role', 'status'); else said.removeAttribute('role');
    if (trouble === 'signed out') {
      const address = `/console/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
      if (one('a', said)?.getAttribute('href') === address) return;
      const way = document.createElement('a');
      way.href = address;
      way.textContent = 'Sign in';
      said.replaceChildren('Signed out. ', way);
      htmx.process(said);
      return;
    }
    const since = new Date(read).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
    const text = trouble ? `Not refreshed since ${since}` : `Read ${new Date(read).toLocaleTimeString('en-GB')}`;
    if (said.textContent !== text) said.textContent = text;
  };
  const isBusy = () => {
    const field = document.activeElement;
    const writes = field?.matches('input:not([type=checkbox]), textarea, select') && field.value !== field.defaultValue;
    return writes || all('tbody :checked, .cards :checked').length > 0 || one('dialog[open]') || one('.picked') || one('textarea:not(:placeholder-shown)');
  };
  const refresh = () => {
    if (!one('#live')) return;
    return htmx.ajax('GET', location.pathname + location.search, { target: '#live', select: '#live', swap: 'outerMorph' });
  };
  const isRefresh = (ctx) => ctx?.select === '#live';
  const fail = (ctx, why) => {
    // The answer is for a page that was left meanwhile.
    if (ctx.target?.isConnected === false) return;
    trouble = why;
    dress();
  };
  // An answer without the part to put in place would empty the page, so the old part stays.
  document.addEventListener('htmx:after:request', (event) => {
    const { ctx } = event.detail;
    if (!isRefresh(ctx)) return;
    const { raw, status } = ctx.response;
    const page = new DOMParser().parseFromString(ctx.text, 'text/html');
    if (status === 200 && one('#live', page)) return;
    event.preventDefault();
    const isSignedOut = status === 401 || new URL(raw.url).pathname.startsWith('/console/sign-in') || one('.sign-in', page);
    fail(ctx, isSignedOut ? 'signed out' : 'lost');
  });
  document.addEventListener('htmx:error', (event) => {
    if (isRefresh(event.detail.ctx)) fail(event.detail.ctx, 'lost');
  });
  setInterval(() => { if (live && one('#refresh') && !document.hidden && !isBusy()) refresh(); }, EVERY);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && live && one('#refresh') && Date.now() - read > EVERY && !isBusy()) refresh();
  });

  // The histogram: click an interval, or drag over several.
  const minutesOf = (figure) => {
    const [first, lengths] = figure.dataset.starts.split(' ');
    const [length, times] = lengths.split('x');
    const each = times ? Array(Number(times)).fill(Number(length)) : lengths.split(',').map(Number);
    const starts = [Number(first)];
    for (const minutes of each) starts.push(starts.at(-1) + minutes);
    return starts;
  };
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;
  let drag = null;
  const placeAt = (svg, x, count) => {
    const box = svg.getBoundingClientRect();
    return Math.min(count - 1, Math.max(0, Math.floor(((x - box.left) / box.width) * count)));
  };
  const pick = (svg, from, to, count) => {
    let rect = one('.picked', svg);
    if (!rect) {
      rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
      rect.setAttribute('class', 'picked');
      rect.setAttribute('y', '0');
      rect.setAttribute('height', '100');
      svg.append(rect);
    }
    rect.setAttribute('x', (from * 1000) / count);
    rect.setAttribute('width', ((to - from + 1) * 1000) / count);
  };
  // Without this, a drag that the browser takes over for scrolling would never end, and the page would not refresh itself.
  const drop = () => {
    drag = null;
    tip.hidden = true;
    for (const rect of all('.picked')) rect.remove();
  };
  document.addEventListener('pointercancel', (event) => { if (!drag || drag.pointer === event.pointerId) drop(); });
  window.addEventListener('pagehide', drop);
  document.addEventListener('pointermove', (event) => {
    if (drag && drag.pointer !== event.pointerId) return;
    const svg = drag?.svg ?? event.target.closest?.('.histogram svg');
    const figure = svg?.closest('.histogram[data-starts]');
    if (!figure) { tip.hidden = true; return; }
    const starts = minutesOf(figure), counts = figure.dataset.counts.split(',').map(Number);
    const place = placeAt(svg, event.clientX, counts.length);
    const from = drag ? Math.min(drag.place, place) : place, to = drag ? Math.max(drag.place, place) : place;
    if (drag) pick(svg, from, to, counts.length);
    const rows = counts.slice(from, to + 1).reduce((sum, rows) => sum + rows, 0);
    const at = (minutes) => short.format(new Date(minutes * 60000));
    tip.textContent = `${at(starts[from])} – ${at(starts[to + 1])}: ${rows} ${figure.dataset.noun}${rows === 1 ? '' : 's'}`;
    if (!tip.isConnected) document.body.append(tip);
    tip.hidden = false;
    const width = tip.offsetWidth;
    tip.style.left = `${Math.min(innerWidth - width - 8, Math.max(8, event.clientX - width / 2))}px`;
    tip.style.top = `${svg.getBoundingClientRect().bottom + 8}px`;
  });
  document.addEventListener('pointerdown', (event) => {
    const svg = event.target.closest('.histogram[data-starts] svg');
    if (!svg || event.button !== 0 || !event.isPrimary) return;
    const count = svg.closest('.histogram').dataset.counts.split(',').length;
    drag = { svg, pointer: event.pointerId, place: placeAt(svg, event.clientX, count) };
    pick(svg, drag.place, drag.place, count);
    event.preventDefault();
  });
  document.addEventListener('pointerup', (event) => {
    if (!drag || drag.pointer !== event.pointerId) return;
    const { svg, place } = drag;
    drag = null;
    const starts = minutesOf(svg.closest('.histogram'));
    const other = placeAt(svg, event.clientX, starts.length - 1);
    const minute = (minutes) => new Date(minutes * 60000).toISOString().slice(0, 16);
    const address = new URL(location.href);
    address.searchParams.delete('range');
    address.searchParams.delete('offset');
    address.searchParams.set('from', minute(starts[Math.min(place, other)]));
    address.searchParams.set('to', minute(starts[Math.max(place, other) + 1]));
    location.assign(address);
  });

  // The keyboard.
  let before = '';
  const rows = () => all('a.row');
  const step = (by) => {
    const links = rows();
    const at = links.indexOf(document.activeElement);
    const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by))];
    next?.focus();
    next?.closest('tr, li')?.scrollIntoView({ block: 'nearest' });
  };
  const keys = {
    '/': () => { one('#q')?.focus(); one('#q')?.select(); },
    '?': () => one('#keys')?.showModal(),
    j: () => step(1),
    k: () => step(-1),
    x: () => {
      const box = one('input[type=checkbox]', document.activeElement?.closest('tr, li') ?? document.createElement('i'));
      if (box) { box.checked = !box.checked; box.dispatchEvent(new Event('change', { bubbles: true })); }
    },
    n: () => one('[data-key="n"]')?.click(),
    p: () => one('[data-key="p"]')?.click(),
    u: () => one('[data-key="u"]')?.click(),
    r: () => refresh(),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === 'Escape' && drag) { drop(); return; }
    const field = event.target;
    if (field.matches('input:not([type=checkbox]), textarea, select') || field.isContentEditable) {
      if (event.key === 'Escape') field.blur();
      return;
    }
    if (one('dialog[open]')) return;
    if (before === 'g') {
      before = '';
      const target = one(`[data-go="${CSS.escape(event.key)}"]`);
      if (target) { event.preventDefault(); target.click(); }
      return;
    }
    if (event.key === 'g') { before = 'g'; setTimeout(() => { before = ''; }, 1000); return; }
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // On a narrow screen the filters would push the list out of sight, so they open on demand.
  const narrow = matchMedia('(max-width: 1250px)');
  let filtersOpen = false;
  const fold = () => {
    const filters = one('.facets > details');
    if (filters) filters.open = !narrow.matches || filtersOpen;
  };
  narrow.addEventListener('change', fold);
  document.addEventListener('click', (event) => {
    const filters = event.target.closest('.facets > details > summary')?.parentElement;
    if (filters) filtersOpen = !filters.open;
  });

  // The way back leads to the list as it was.
  const remember = () => {
    try {
      if (one('#filters')) sessionStorage.setItem(location.pathname, location.search);
      for (const back of all('.crumbs a')) back.search = sessionStorage.getItem(back.pathname) ?? back.search;
    } catch { /* storage is off */ }
  };

  // After each page and each part of one.
  const settle = () => { localise(); dress(); count(); fold(); remember(); };
  document.addEventListener('htmx:after:swap', () => { read = Date.now(); trouble = ''; tip.hidden = true; settle(); });
  document.addEventListener('htmx:after:history:push', () => { scrollTo(0, 0); one('#main')?.focus({ preventScroll: true }); });
  setInterval(localise, 30000);
  settle();
})();
