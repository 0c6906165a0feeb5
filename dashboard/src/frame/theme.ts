/** Light, dark, or as the system says. Kept in this browser; the styles know `data-theme` on the root. */
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'provchain.theme';

export function storedTheme(): Theme {
  const kept = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === kept) ?? 'system';
}

export function applyTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  // Canvas drawings don't follow the styles by themselves.
  dispatchEvent(new Event('themechange'));
}
