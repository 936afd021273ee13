/** Commands for this very deployment. */
export function TryNext({ origin }: { readonly origin: string }) {
  const mayday = 'npm run --silent mayday --'
  const steps = [
    {
      what: 'Send a crash of your own',
      command: `${mayday} submit --url ${origin} -a ProductName=MyApp -a Version=1.0 crash.dmp`,
    },
    {
      what: 'Make a token for symbol uploads',
      command: `${mayday} token create --email you@example.com --permissions upload_symbols`,
    },
    {
      what: 'Upload symbols, so that frames get names',
      command: `${mayday} upload-symbols --url ${origin} --token TOKEN path/to/symbols`,
    },
  ]
  return (
    <aside class="card try-next" aria-labelledby="try-next">
      <h2 id="try-next">Try next</h2>
      <ol>
        {steps.map(({ what, command }) => (
          <li>
            {what}
            <pre class="command">
              <code>{command}</code>
            </pre>
          </li>
        ))}
      </ol>
      <p class="quiet">A click on a command selects it whole.</p>
    </aside>
  )
}
