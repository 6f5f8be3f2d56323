package fathomexport.fetch;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The groups that came in one bucket, to find the one that comes twice. Exact, and their bytes side
 * by side: a set of strings would be a good part of the cost of reading a row.
 */
final class GroupKeys {
  private static final int FEWEST_SLOTS = 1024;

  /** Of all keys, one behind the other, and behind them the cells of the one in hand. */
  private byte[] bytes = new byte[8 * 1024];

  private int end;

  /** Where each key begins; one more than there are keys. */
  private int[] starts = new int[FEWEST_SLOTS / 2 + 1];

  private int[] hashes = new int[FEWEST_SLOTS / 2];
  private int size;

  /** An open table: numbers of keys, counted from 1; 0 where there is none. A power of two. */
  private int[] slots = new int[FEWEST_SLOTS];

  void clear() {
    end = 0;
    size = 0;
    Arrays.fill(slots, 0);
  }

  /**
   * Appends a cell to the key in hand.
   *
   * @param utf8 without zero bytes: the client escapes U+0000; null for no text, which is another
   *     group than the empty one
   */
  void cell(byte @Nullable [] utf8) {
    int length = utf8 == null ? 0 : utf8.length;
    if (bytes.length - end < length + 2) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, end + length + 2));
    }
    if (utf8 != null) {
      bytes[end++] = '=';
      System.arraycopy(utf8, 0, bytes, end, length);
      end += length;
    }
    bytes[end++] = 0;
  }

  /** Ends the key in hand and keeps it; false when it was there. */
  boolean add() {
    int start = starts[size];
    int hash = hash(start);
    int slot = find(hash, bytes, start, end);
    if (slot < 0) {
      end = start;
      return false;
    }
    slots[slot] = size + 1;
    hashes[size++] = hash;
    starts[size] = end;
    if (size == hashes.length) {
      grow();
    }
    return true;
  }

  /** Whether the key that another has in hand is here. */
  boolean hasHandOf(GroupKeys other) {
    int start = other.starts[other.size];
    return find(other.hash(start), other.bytes, start, other.end) < 0;
  }

  /** Takes over the keys of another, but for those that are here. */
  void addAll(GroupKeys other) {
    for (int key = 0; key < other.size; key++) {
      int length = other.starts[key + 1] - other.starts[key];
      if (bytes.length - end < length) {
        bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, end + length));
      }
      System.arraycopy(other.bytes, other.starts[key], bytes, end, length);
      end += length;
      add();
    }
  }

  /** Forgets the key in hand. */
  void dropHand() {
    end = starts[size];
  }

  private int hash(int start) {
    int hash = 1;
    for (int i = start; i < end; i++) {
      hash = 31 * hash + bytes[i];
    }
    return hash;
  }

  /** The free slot for a key; -1 when it is here. */
  private int find(int hash, byte[] text, int from, int to) {
    int slot = first(hash);
    while (slots[slot] != 0) {
      int key = slots[slot] - 1;
      if (hashes[key] == hash
          && Arrays.equals(bytes, starts[key], starts[key + 1], text, from, to)) {
        return -1;
      }
      slot = (slot + 1) & (slots.length - 1);
    }
    return slot;
  }

  private int first(int hash) {
    int spread = hash * 0x9E3779B9;
    return (spread ^ (spread >>> 16)) & (slots.length - 1);
  }

  private void grow() {
    hashes = Arrays.copyOf(hashes, 2 * hashes.length);
    starts = Arrays.copyOf(starts, hashes.length + 1);
    slots = new int[2 * slots.length];
    for (int key = 0; key < size; key++) {
      int slot = first(hashes[key]);
      while (slots[slot] != 0) {
        slot = (slot + 1) & (slots.length - 1);
      }
      slots[slot] = key + 1;
    }
  }
}
