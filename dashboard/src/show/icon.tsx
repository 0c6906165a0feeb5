/** Drawn here, on a grid of 16: outlines in the colour of the text beside them. */
const PATHS = {
  ok: 'M3 8.5l3.2 3.2L13 5',
  warning: 'M8 2.5L14.5 13.5H1.5zM8 6.5v3.2M8 11.6v.1',
  critical: 'M4.5 4.5l7 7M11.5 4.5l-7 7',
  corrupted: 'M8 1.8l6.2 6.2L8 14.2 1.8 8zM8 5v3.6M8 10.8v.1',
  incomplete: 'M8 2a6 6 0 1 0 6 6M8 5v3l2 1.5',
  unknown: 'M5.8 6a2.2 2.2 0 1 1 3.3 1.9c-.8.5-1.1.9-1.1 1.8M8 12v.1',
  running: 'M8 2a6 6 0 1 1-6 6',
  queued: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 5v3.3l2.2 1.3',
  cancelled: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M4 12l8-8',
  overview: 'M2.5 2.5h4.5v4.5h-4.5zM9 2.5h4.5v4.5h-4.5zM2.5 9h4.5v4.5h-4.5zM9 9h4.5v4.5h-4.5z',
  jobs: 'M2.5 4h11M2.5 8h7M2.5 12h9',
  blocks: 'M8 1.8l5.5 3v6.4L8 14.2l-5.5-3V4.8zM2.5 4.8L8 8l5.5-3.2M8 8v6.2',
  alerts: 'M4 11V7a4 4 0 0 1 8 0v4l1 1.2H3zM6.8 14h2.4',
  settings: 'M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6M10 3v3M6 10v3',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9M10.4 10.4L14 14',
  sun: 'M8 5a3 3 0 1 1 0 6a3 3 0 0 1 0-6M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z',
  system: 'M2 3h12v8H2zM6 14h4M8 11v3',
  copy: 'M5.5 5.5h7v8h-7zM3.5 10.5v-8h7',
  download: 'M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11',
  play: 'M5 3.2l7.5 4.8L5 12.8z',
  help: 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M6.3 6.2a1.8 1.8 0 1 1 2.6 1.6c-.6.4-.9.7-.9 1.4M8 11.3v.1',
  left: 'M10 3L5 8l5 5',
  right: 'M6 3l5 5-5 5',
  user: 'M8 2.2a2.8 2.8 0 1 1 0 5.6a2.8 2.8 0 0 1 0-5.6M2.8 13.8a5.2 5.2 0 0 1 10.4 0',
  external: 'M6.5 3h-4v10.5h10.5v-4M9 2.5h4.5V7M13.5 2.5L7.5 8.5',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, class: className = '' }: { name: IconName; class?: string }) {
  return (
    <svg class={`icon ${className}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
