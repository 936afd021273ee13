/** A text of ours in which `names` stand between backticks, as our Markdown has them. */
export function Told({ text }: { readonly text: string }) {
  return <>{text.split('`').map((part, at) => (at % 2 === 0 ? part : <code>{part}</code>))}</>
}
