import { describe, expect, it } from 'vitest';
import { textFromHtml } from '../../../lib/mime/text-alternative.ts';

describe('the text of an HTML body', () => {
  it.each([
    ['collapses blanks', '<p>one\n  two</p>\n\n<p>three</p>', 'one two\n\nthree'],
    ['keeps blanks between inline elements', '<b>one</b> <i>two</i><u>three</u>', 'one twothree'],
    ['begins a block on its own line', '<div>one</div><div>two</div>three', 'one\ntwo\nthree'],
    ['breaks at br, once more at a second', 'one<br>two<br><br><br>three', 'one\ntwo\n\nthree'],
    ['decodes entities', '&lt;a&gt; &amp; &eacute;&#x1F389;&nbsp;x', '<a> & é🎉 x'],
    ['says where a link leads', '<a href="https://e.com/a?b=1&amp;c=2">offer</a>', 'offer (https://e.com/a?b=1&c=2)'],
    ['says it once', '<a href="https://e.com/">e.com</a> <a href="mailto:a@b.c">a@b.c</a>', 'e.com a@b.c'],
    ['leaves anchors and scripts alone', '<a href="#top">top</a> <a href="javascript:x()">x</a>', 'top x'],
    [
      'keeps the target of a picture that is a link',
      '<a href="https://e.com/x"><img src="x.png"></a>',
      'https://e.com/x',
    ],
    ['reads the text of pictures', '<img alt="Logo" src="cid:x"> Shop', 'Logo Shop'],
    ['lists', '<ul><li>one</li><li><p>two</p></li></ul><ol><li>a<li>b</ol>', '- one\n- two\n\n1. a\n2. b'],
    ['separates the cells of a table', '<table><tr><td>1</td><td>2</td></tr><tr><td>3<td>4</table>', '1 2\n3 4'],
    ['leaves preformatted text as it is', '<pre>a\n  b</pre>', 'a\n  b'],
    ['leaves out what is not shown', '<head><title>T</title><style>p{}</style></head><script>x</script><p>y', 'y'],
    ['leaves out what is hidden', '<div style="display: none">preheader <b>x</b></div><p hidden>z</p>y', 'y'],
    ['is empty for pictures alone', '<img src="x.png">', ''],
    ['survives broken markup', '<p>a<b>b</p></div></i>c<', 'ab\n\nc<'],
  ])('%s', async (_, html, text) => {
    expect(await textFromHtml(html)).toBe(text);
  });

  it.each([
    ['nested without end', '<b>'.repeat(300_000), ''],
    ['of blanks', `<p>x${' '.repeat(900_000)}y`, 'x y'],
    ['of tabs that are to be kept', `<pre>${'\t'.repeat(900_000)}y</pre>`, 'y'],
    ['of closing tags', `${'</p>'.repeat(200_000)}y`, 'y'],
    ['of things that almost are tags', `${'<'.repeat(900_000)} y`, `${'<'.repeat(900_000)} y`],
  ])(
    'keeps nobody waiting for a hostile body %s',
    async (_, html, text) => {
      expect(await textFromHtml(html)).toBe(text);
    },
    2_000,
  );
});
