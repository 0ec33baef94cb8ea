// One line of progress that is written over in a terminal and left out of a log.

/** Shows text on the current line; `end` leaves its last text standing. */
export function counterLine(stream: NodeJS.WriteStream = process.stdout) {
  return {
    show: (text: string) => {
      if (stream.isTTY) stream.write(`\r\x1b[2K      ${text}`);
    },
    end: (text: string) => {
      stream.write(`${stream.isTTY ? "\r\x1b[2K" : ""}      ${text}\n`);
    },
  };
}
