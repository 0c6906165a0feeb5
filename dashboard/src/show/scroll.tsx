import type { ComponentChildren } from 'preact';

/** What may be wider or longer than its place. It takes the focus, so that the keyboard can move it too (WCAG 2.1.1). */
export function Scroll({
  label,
  class: className,
  children,
}: {
  label: string;
  class: string;
  children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section class={className} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
