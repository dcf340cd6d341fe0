// Starts a download the way a click on a link does.
export function saveFile(url: string, name = '') {
  const link = document.createElement('a');
  link.href = url.startsWith('blob:') ? url : `${url}?download=1`;
  link.download = name;
  link.click();
}

export function saveText(text: string, name: string, type: string) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  saveFile(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
