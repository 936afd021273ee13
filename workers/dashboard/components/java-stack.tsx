import type { JavaException } from '../views/java-exception.ts'
import { SourceCell } from './frame-table.tsx'

/** A chain of Java exceptions, each with its frames. */
export function JavaExceptions({ exceptions }: { readonly exceptions: readonly JavaException[] }) {
  return (
    <div class="java-exceptions">
      {exceptions.map((exception, at) => (
        <section aria-labelledby={`java-${at}`}>
          <h3 id={`java-${at}`}>
            <code>{exception.class}</code>
          </h3>
          {exception.message === null ? null : (
            <p>
              {exception.message} <span class="chip protected">protected</span>
            </p>
          )}
          <table class="frames java" data-rows="">
            <caption class="visually-hidden">{`Frames of ${exception.class}`}</caption>
            <thead>
              <tr>
                <th scope="col" class="number">
                  Frame
                </th>
                <th scope="col">Method</th>
                <th scope="col" class="source">
                  Source
                </th>
              </tr>
            </thead>
            <tbody>
              {exception.frames.map((frame, number) => (
                <tr id={`j${at}f${number}`} class={frame.inApp === false ? 'frame library' : 'frame'}>
                  <td class="number">
                    <a href={`#j${at}f${number}`}>{number}</a>
                  </td>
                  <td class="function">
                    <code>{frame.function}</code>
                  </td>
                  <SourceCell source={frame.source} />
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ))}
    </div>
  )
}
