/** The events of a server-sent stream whose text comes in pieces. Only the fields that nodes send: id and data. */
export class EventText {
  #rest = '';

  take(piece: string): { id: string; data: string }[] {
    const blocks = (this.#rest + piece).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => {
      let id = '';
      const data: string[] = [];
      for (const line of block.split('\n')) {
        if (line.startsWith('id:')) id = line.slice(3).trim();
        else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
      }
      return data.length === 0 ? [] : [{ id, data: data.join('\n') }];
    });
  }
}
