import type { Child } from 'hono/jsx'

/** A choice that is a link: the page with it stands in the address. */
export function Toggle({ label, children }: { readonly label: string; readonly children: Child }) {
  return (
    <nav class="toggle" aria-label={label}>
      <span class="toggle-label" aria-hidden="true">
        {label}
      </span>
      {children}
    </nav>
  )
}

export function ToggleLink({ href, on, text }: { readonly href: string; readonly on: boolean; readonly text: string }) {
  return on ? (
    <a class="on" href={href} aria-current="true">
      {text}
    </a>
  ) : (
    <a href={href}>{text}</a>
  )
}
