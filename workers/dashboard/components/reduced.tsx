/** Says that somebody who may see protected values sees none, and why. */
export function Reduced({ isReduced }: { readonly isReduced: boolean }) {
  if (!isReduced) return null
  return (
    <p class="notice warn" role="status">
      Protected values are left out: each view of them is written down first, and the access log cannot be written right
      now. Load this page again later.
    </p>
  )
}
