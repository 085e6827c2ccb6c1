// Filters that somebody has given a name. The API keeps no preferences of a person, so they are kept in this browser, and the
// menu says so.

import { useSyncExternalStore } from 'react';

export interface SavedView {
  name: string;
  /** Of the page. */
  path: string;
  /** Its parameters, as they stand in the address. */
  search: Record<string, string>;
}

const STORED = 'onhand-views';
/** More would not be found again in a menu. */
export const VIEWS_MAX = 50;

function isView(value: unknown): value is SavedView {
  if (typeof value !== 'object' || value === null) return false;
  const { name, path, search } = value as Partial<SavedView>;
  const texts = typeof name === 'string' && typeof path === 'string' && typeof search === 'object' && search !== null;
  return texts && Object.values(search).every((each) => typeof each === 'string');
}

/** What is stored, or nothing of it when somebody else has written there. */
export function readViews(stored: string | null): SavedView[] {
  try {
    const value: unknown = JSON.parse(stored ?? '[]');
    return Array.isArray(value) ? value.filter(isView).slice(0, VIEWS_MAX) : [];
  } catch {
    return [];
  }
}

/** With one more; one of the same name on the same page is replaced. */
export function withView(views: readonly SavedView[], view: SavedView): SavedView[] {
  return [...withoutView(views, view), view].slice(-VIEWS_MAX);
}

export function withoutView(views: readonly SavedView[], { path, name }: Pick<SavedView, 'path' | 'name'>): SavedView[] {
  return views.filter((each) => each.path !== path || each.name !== name);
}

/** The parameters of an address as plain texts, without those that say nothing. */
export function plainSearch(search: object): Record<string, string> {
  const said = Object.entries(search).filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false);
  return Object.fromEntries(said.map(([name, value]) => [name, String(value)]));
}

export function sameSearch(one: Record<string, string>, other: Record<string, string>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

const listeners = new Set<() => void>();
let kept: { text: string | null; views: SavedView[] } = { text: null, views: [] };

function snapshot(): SavedView[] {
  const text = localStorage.getItem(STORED);
  if (text !== kept.text) kept = { text, views: readViews(text) };
  return kept.views;
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  // Another window of this browser.
  window.addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', listener);
  };
}

function store(views: SavedView[]) {
  localStorage.setItem(STORED, JSON.stringify(views));
  for (const listener of listeners) listener();
}

/** The views of one page, and how to keep and forget one. */
export function useSavedViews(path: string) {
  const all = useSyncExternalStore(subscribe, snapshot);
  return {
    views: all.filter((view) => view.path === path),
    keep: (view: SavedView) => store(withView(snapshot(), view)),
    forget: (view: SavedView) => store(withoutView(snapshot(), view)),
  };
}
