// A response of server-sent events (WHATWG HTML, section 9.2), written to from outside.

export interface EventStream {
  readonly response: Response;
  /** Sends one event; nothing happens once the stream has ended. */
  send(data: string): void;
  close(): void;
}

/**
 * What is sent waits in memory for a slow reader instead of holding up the sender: a client that stops reading must not
 * stop the model for the others. A completion is bounded by the context, so is that memory.
 *
 * @param onCancel called when the reader goes away before `close`
 */
export function eventStream(onCancel: () => void): EventStream {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (started) => {
      controller = started;
    },
    cancel: () => {
      controller = undefined;
      onCancel();
    },
  });
  const headers = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    // Asks nginx not to collect the events before it passes them on.
    "X-Accel-Buffering": "no",
  };
  return {
    response: new Response(body, { headers }),
    send: (data) => controller?.enqueue(encoder.encode(`data: ${data}\n\n`)),
    close: () => {
      controller?.close();
      controller = undefined;
    },
  };
}
