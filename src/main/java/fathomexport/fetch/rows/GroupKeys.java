package fathomexport.fetch.rows;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The set of group keys of one bucket, to find duplicates. Compares exactly and stores the bytes of
 * all keys in one array: a set of strings would be a considerable part of the cost of reading a
 * row.
 */
final class GroupKeys {
  private static final int FEWEST_SLOTS = 1024;

  /** The bytes of all keys, one after the other, then the cells of the current key. */
  private byte[] bytes = new byte[8 * 1024];

  private int end;

  /** Where each key begins; one element more than there are keys. */
  private int[] starts = new int[FEWEST_SLOTS / 2 + 1];

  private int[] hashes = new int[FEWEST_SLOTS / 2];
  private int size;

  /**
   * An open-addressing table of key numbers, counted from 1; 0 is a free slot. Its length is a
   * power of two.
   */
  private int[] slots = new int[FEWEST_SLOTS];

  void clear() {
    end = 0;
    size = 0;
    Arrays.fill(slots, 0);
  }

  /**
   * Appends a cell to the current key.
   *
   * @param utf8 without zero bytes, since the client escapes U+0000; null for a null value, which
   *     is another group than the empty text
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

  /** Ends the current key and adds it. Returns false if the set already contained it. */
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

  /** Returns whether this set contains the current key of another set. */
  boolean hasHandOf(GroupKeys other) {
    int start = other.starts[other.size];
    return find(other.hash(start), other.bytes, start, other.end) < 0;
  }

  /** Adds the keys of another set that this one does not contain. */
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

  /** Discards the current key. */
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

  /** Returns the free slot for a key; -1 if the set contains the key. */
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
